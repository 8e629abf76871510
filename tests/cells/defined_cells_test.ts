/** The cells of entry ./cells: the conformance suite, gradients, files. */
import { assert, assertEquals } from "@std/assert";
import * as cells from "../../cells.ts";
import { gradientCheck } from "../../check.ts";
import { type Cell, recurrent } from "../../mod.ts";
import { conformance } from "../support/cells/conformance.ts";

/**
 * The cells with the factor of the error bound. Normalisation amplifies rounding errors; so does the sLSTM's division,
 * by a state that the suite draws, and that is near 0 in some elements.
 */
const CELLS: Record<string, [cell: () => Cell, amplification: number]> = {
  "minimal gated unit": [cells.minimalGatedUnit, 1],
  "layer-norm LSTM": [cells.layerNormLstm, 8],
  "layer-norm GRU": [cells.layerNormGru, 8],
  "IndRNN": [cells.indRnn, 4],
  "SRU": [cells.sru, 1],
  "minGRU": [cells.minGru, 1],
  "minLSTM": [cells.minLstm, 1],
  "sLSTM": [cells.sLstm, 4000],
  "zoneout": [() => cells.zoneoutLstm(), 1],
};

for (const [name, [cell, amplification]] of Object.entries(CELLS)) {
  conformance(name, cell, amplification);

  Deno.test(`${name}: gradients against central differences`, async () => {
    for (const lengths of [[5, 5, 5], [2, 5, 1]]) {
      const net = recurrent(cell(), { input: 3, hidden: [6, 4] });
      const check = await gradientCheck(net, { steps: 5, lengths });
      assert(check.ok, String(check));
    }
  });

  Deno.test(`${name}: its equations as data make the same cell`, () => {
    const { equations } = cell() as cells.EquationsCell, data = cells.equationsData(equations);
    const again = cells.withText(cells.readEquations(JSON.parse(JSON.stringify(data))));
    assertEquals(cells.equationsData(again.equations), data);
    assertEquals(String(again), String(cell()));
    assert(String(cell()).includes("h = "));
  });
}
