import type { Slot } from "../memory/slot.ts";

/**
 * What flows between layers, `[T, B, width]` time-major. `"values"`: rows of f32. `"tokens"`: one i32 a row, below `width`;
 * `"one-hot"`: the same, standing for a row of `width` zeros with a one.
 */
export interface Signal {
  readonly kind: "values" | "tokens" | "one-hot";
  readonly width: number;
}

/** A signal with its place in memory: rows of `value`, and of `gradient` where the reader is to leave one. */
export interface Port extends Signal {
  readonly value: Slot;
  readonly gradient?: Slot;
}

/** The actual size of a call: T steps of B rows, at most those of the plan. */
export interface Extent {
  readonly T: number;
  readonly B: number;
}
