import { ShapeError } from "../errors.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/**
 * What flows between layers, `[T, B, width]` time-major. `"values"`: rows of f32. `"tokens"`: one i32 a row, below
 * `width`; `"one-hot"`: the same, standing for a row of `width` zeros with a one.
 */
export interface TensorSpec {
  /** What a row is. */
  readonly kind: "values" | "tokens" | "one-hot";
  /** Elements of a row, or number of tokens. */
  readonly width: number;
  /**
   * Of how many sequences a row holds the elements, side by side. Outside they are one behind the other,
   * `[parts, T, B, width / parts]`, and no layer reads them. Default 1.
   */
  readonly parts?: number;
  /** `"each"`: a row for each step, `[T, B, width]`. `"one"`: one row for a whole sequence, `[B, width]`. Default `"each"`. */
  readonly steps?: "each" | "one";
}

/** A signal with its place in memory: rows of `value`, and of `gradient` where the reader is to leave one. */
export interface Value extends TensorSpec {
  /** The rows. */
  readonly value: Slot;
  /** Where the reader leaves their gradient; none: it is not wanted. */
  readonly gradient?: Slot;
}

/** Where the rows of a call are in a larger batch, of which other processes have the others. */
export interface Shard {
  /** Rows of the whole batch. */
  readonly B: number;
  /** For each row of the call its place in the whole batch when that is sorted by length. */
  readonly rows: ArrayLike<number>;
}

/** The actual size of a call, at most that of the plan. */
export interface BatchShape {
  /** Time steps. */
  readonly T: number;
  /** Rows of a step. */
  readonly B: number;
  /**
   * How many rows take part in step t: the first ones, as rows are sorted by length. B for every t when all are as long
   * as T. The others are padding: their values are never used, their gradients are zero.
   */
  readonly active: (t: number) => number;
  /** Whether this is a training pass: whether dropout drops. */
  readonly training: boolean;
  /** Where its rows are in a larger batch, if they are of one: random numbers go by that. */
  readonly shard?: Shard;
  /** Of a net with a decoder: what the decoder writes. */
  readonly decoder?: BatchShape;
  /** Of a decoder: the sequences that it attends to. */
  readonly source?: BatchShape;
}

/** The place of what a net reads: a name, and what it is. */
export function inputValue(scope: Scope, name: string, { kind, width }: TensorSpec): Value {
  const rows = scope.steps * scope.batch;
  if (kind !== "values") return { kind, width, value: scope.integers(name, rows) };
  const value = scope.activation(name, rows, width);
  return {
    kind,
    width,
    value,
    gradient: scope.train ? scope.activation(`gradient of ${name}`, rows, width) : undefined,
  };
}

/** The shape of what there is once for a sequence: one step, in which all rows take part. */
export function oneStepShape({ B, training, shard }: BatchShape): Omit<BatchShape, "decoder" | "source"> {
  return { T: 1, B, active: () => B, training, shard };
}

/** Rows of one length, which are neighbours, from the longest on: `visit` gets the first of them and their number. */
export function forEachLength(
  { T, active }: BatchShape,
  visit: (length: number, row: number, rows: number) => void,
): void {
  for (let t = T - 1, began = 0; t >= 0; t--) {
    const n = active(t);
    if (n > began) visit(t + 1, began, n - began);
    began = n;
  }
}

/**
 * Nothing, when x has a row for each step.
 *
 * @throws {ShapeError} Otherwise. `what` is what cannot be done.
 */
export function requireSteps(what: string, { steps }: TensorSpec): void {
  if (steps === "one") throw new ShapeError(`Cannot ${what}: its input has one row for a sequence, and no steps`);
}

/**
 * Nothing, when x has rows of values in memory: one-hot rows have none, and not every layer can do without.
 *
 * @throws {ShapeError} Otherwise. `what` is what cannot be done.
 */
export function requireValues(what: string, { kind, width }: TensorSpec): void {
  if (kind === "values") return;
  throw new ShapeError(`Cannot ${what}: its input must be values, got ${kind} of width ${width}; use an embedding`);
}
