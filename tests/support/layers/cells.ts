import { type Cell, compile, elman, gru, type Layer, lstm, type PlanOptions, type Session } from "../../../mod.ts";

/** One cell of each kind. */
export const CELLS: Record<string, () => Cell> = {
  "elman, tanh": () => elman(),
  "elman, relu": () => elman({ activation: "relu" }),
  "lstm": () => lstm(),
  "lstm, projected": () => lstm({ projection: 4 }),
  "gru, reset after": () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
};

/** A session of the exact build that can train. */
export function exact(net: Layer, options: PlanOptions): Promise<Session> {
  return compile(net, { train: true, ...options, numerics: "exact" });
}
