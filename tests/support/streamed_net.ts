import { dense, lstm, recurrent, sequential } from "../../inference.ts";
import type { Layer } from "../../mod.ts";

/** A small net that is run step by step. */
export function streamedNet(): Layer {
  return sequential({ rnn: recurrent(lstm(), { input: 1, hidden: 8 }), decoder: dense(8, 2) });
}
