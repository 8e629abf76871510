/** Cells of random equations: derived gradients against central differences in f64, with lengths and both builds. */
import { assert } from "@std/assert";
import { gradientCheck } from "../../../check.ts";
import { recurrent } from "../../../mod.ts";
import { randomCell } from "../../support/cells/random_cell.ts";

for (let block = 0; block < 20; block++) {
  Deno.test(`random equations, ${8 * block} to ${8 * block + 7}: gradients against central differences`, async () => {
    for (let seed = 8 * block; seed < 8 * block + 8; seed++) {
      const cell = randomCell(seed);
      const check = await gradientCheck(recurrent(cell, { input: 2, hidden: 3 }), { lengths: [3, 1, 2] });
      assert(check.ok, `seed ${seed}\n${cell}\n${check}`);
    }
  });
}
