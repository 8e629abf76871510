/** Sizes with remainders, large sizes and long sequences: both builds are near the f64 reference. */
import { assert } from "@std/assert";
import { compile, recurrent } from "../../mod.ts";
import { compileReference } from "../support/compile_reference.ts";
import { draw, pass } from "../support/cells/trial.ts";
import { cellRoundings, distance, size, walk } from "../support/rounding.ts";
import { CELLS } from "../support/layers/cells.ts";

const WIDTHS = [1, 3, 7, 33, 65, 100], BATCHES = [1, 5, 17], STEPS = [50, 1, 200, 2];

for (const [c, name] of Object.keys(CELLS).filter((name) => !/relu|projected/.test(name)).entries()) {
  WIDTHS.forEach((I, i) => {
    const H = WIDTHS[(i + c + 1) % WIDTHS.length], B = BATCHES[(i + c) % 3], T = STEPS[(i + 3 * c) % 4];
    Deno.test(`${name}: I = ${I}, H = ${H}, B = ${B}, T = ${T}`, async () => {
      const net = recurrent(CELLS[name](), { input: I, hidden: H }), options = { batch: B, steps: T, train: true };
      const data = draw(net, { T, B }, 1), bound = walk(cellRoundings({ T, B, I, H }));
      using exact = await compile(net, { ...options, numerics: "exact" });
      using fast = await compile(net, options);
      using truth = compileReference(net, options, "f64");
      for (const session of [fast, truth]) session.setParameters(exact.parameters());
      const want = pass(truth, data, B);
      for (const results of [pass(exact, data, B), pass(fast, data, B)]) {
        for (const tensor in want) {
          const error = distance(results[tensor], want[tensor]) / Math.max(1, size(want[tensor]));
          assert(error <= bound, `${tensor} is off by ${error}, allowed is ${bound}`);
        }
      }
    });
  });
}
