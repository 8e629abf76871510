/** Cells written against the public interface alone are as good as the library's own. */
import { assert } from "@std/assert";
import { layerNormLstm, learn, minimalGatedUnit } from "../../examples/custom_cell.ts";
import { recurrent } from "../../mod.ts";
import { checkPass } from "../gradients/gradient_check.ts";
import { U } from "../rounding.ts";
import { conformance } from "./conformance.ts";
import { draw } from "./trial.ts";

for (const cell of [minimalGatedUnit, layerNormLstm]) {
  const { name } = cell();
  // Where all sums are small, normalising makes their errors large.
  conformance(name, cell, cell === layerNormLstm ? 8 : 1);

  Deno.test(`${name}: gradients against central differences`, async () => {
    for (const lengths of [[5, 5, 5], [5, 2, 1]]) {
      const net = recurrent(cell(), { input: 3, hidden: [6, 4] }), extent = { T: 5, B: 3 };
      for (const finding of await checkPass(net, extent, draw(net, extent, 1), { lengths })) {
        const { tensor, differences, noise, builds } = finding;
        assert(differences <= U + 1e-8 + noise, `${tensor}: off the differences by ${differences}`);
        assert(builds.exact < 1e-5 && builds.fast < 1e-5, `${tensor}: the builds are off by ${JSON.stringify(builds)}`);
      }
    }
  });

  Deno.test(`${name}: learns to name the symbol that a sequence began with`, async () => {
    assert(await learn(cell(), 300) > 0.9);
  });
}
