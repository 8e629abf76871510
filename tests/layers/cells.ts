import { type Cell, compile, elman, gru, type Layer, lstm, type PlanOptions, type Session } from "../../mod.ts";

/** One of each kind of cell. */
export const CELLS: Record<string, () => Cell> = {
  "elman, tanh": () => elman(),
  "elman, relu": () => elman({ activation: "relu" }),
  "lstm": () => lstm(),
  "lstm, projected": () => lstm({ projection: 4 }),
  "gru, reset after": () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
};

/** The exact build, ready to train. */
export function exact(net: Layer, options: PlanOptions): Promise<Session> {
  return compile(net, { train: true, ...options, numerics: "exact" });
}
