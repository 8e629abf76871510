/** The memory of cells: within 3 percent of that of version 0.1, whose cells were written by hand. */
import { byEquations } from "../../../cells.ts";
import { assert } from "@std/assert";
import { type Cell, compile, elman, gru, lstm, recurrent } from "../../../mod.ts";

const hardSigmoid = { name: "hardSigmoid", alpha: 0.2, beta: 0.5 } as const;

/** Bytes of a plan for training with batch 16, steps 50, input and hidden size 64, in version 0.1. */
const KNOWN: [cell: Cell, bytes: number][] = [
  [lstm(), 3047520],
  [lstm({ clip: 1 }), 4080776],
  [lstm({ peepholes: true }), 3305080],
  [lstm({ projection: 32 }), 2990160],
  [lstm({ coupled: true }), 2719592],
  [lstm({ activations: { gates: hardSigmoid, cell: "softsign", hidden: "elu" } }), 4080760],
  [gru(), 2387792],
  [gru({ reset: "before" }), 2444112],
  [gru({ clip: 1 }), 3165036],
  [gru({ reset: "before", clip: 1, activations: { gates: hardSigmoid } }), 3221356],
  [elman(), 1508664],
  [elman({ clip: 1 }), 1513788],
  [elman({ activation: "softsign" }), 1508664],
];

for (const [cell, known] of KNOWN) {
  Deno.test(`${cell.name}: memory within 3 percent of the cell that was written by hand`, async () => {
    using session = await compile(recurrent(byEquations(cell), { input: 64, hidden: 64 }), {
      batch: 16,
      steps: 50,
      train: true,
    });
    const bytes = session.plan.reduce((sum, row) => sum + row.bytes, 0);
    assert(bytes <= 1.03 * known, `${bytes} bytes, ${(bytes / known).toFixed(3)} times as many`);
  });
}
