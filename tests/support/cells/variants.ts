import { type Cell, elman, gru, lstm } from "../../../mod.ts";
import { notesGru, notesLstm } from "../../../cells.ts";

/** Cells of one kernel an operation: every option, alone or with others. */
export const VARIANTS: Record<string, () => Cell> = {
  "elman, softsign, clip": () => elman({ activation: "softsign", clip: 0.8 }),
  "lstm, projection": () => lstm({ projection: 3 }),
  "lstm, peepholes": () => lstm({ peepholes: true }),
  "lstm, coupled": () => lstm({ coupled: true }),
  "lstm, activations": () =>
    lstm({
      activations: { gates: "hardSigmoid", cell: "softsign", hidden: { name: "scaledTanh", alpha: 1.2, beta: 0.7 } },
    }),
  "lstm, everything": () =>
    lstm({
      projection: 4,
      peepholes: true,
      coupled: true,
      clip: 0.8,
      activations: { cell: "elu", hidden: "softplus" },
    }),
  "gru, reset after, clip and activations": () =>
    gru({ clip: 0.8, activations: { gates: "hardSigmoid", candidate: "softsign" } }),
  "gru, reset before, clip and activations": () =>
    gru({ reset: "before", clip: 0.8, activations: { gates: { name: "hardSigmoid", alpha: 0.3 }, candidate: "elu" } }),
  "gru of the notes": () => notesGru(),
  "lstm of the notes": () => notesLstm(),
};
