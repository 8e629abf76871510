/** Cells that are written with the public interface alone pass all tests of the library's cells. */
import { assert } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import { layerNormLstm, learn, minimalGatedUnit } from "../../examples/custom_cell.ts";
import { recurrent } from "../../mod.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { conformance } from "../support/cells/conformance.ts";

for (const cell of [minimalGatedUnit, layerNormLstm]) {
  const { name } = cell();
  // Normalisation amplifies the errors of small sums.
  conformance(name, cell, cell === layerNormLstm ? 8 : 1);

  Deno.test(`${name}: gradients against central differences`, async () => {
    for (const lengths of [[5, 5, 5], [2, 5, 1]]) {
      const net = recurrent(cell(), { input: 3, hidden: [6, 4] });
      assertRight(await gradientCheck(net, { steps: 5, lengths }), 1e-5, `lengths ${lengths}`);
    }
  });

  Deno.test(`${name}: learns to name the symbol that a sequence began with`, async () => {
    assert(await learn(cell(), 450) > 0.9);
  });
}
