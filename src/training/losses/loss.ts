import { OptionError, requireNumber, ShapeError } from "../../errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { Scope } from "../../memory/scope.ts";
import type { Slot } from "../../memory/slot.ts";
import type { BatchShape, Value } from "../../ops/value.ts";
import { type Check, requireMade, type Table } from "../../options.ts";

/** The targets of a call, which the loss compares with the outputs. */
export interface Targets {
  /**
   * Classes `[T, B]` or numbers `[T, B, width]`, depending on the loss (`[B, T, ...]` when batch-first). `[B]` or
   * `[B, width]` for a loss with one target a sequence, and for a net that gives one row for a sequence. Labels for
   * `ctc`. Targets after a row's length are not read.
   */
  y: ArrayLike<number>;
  /**
   * Weights of the targets: as many finite numbers as there are targets, or one a sequence, `[B]`. A weight
   * multiplies a loss and its gradient, and a mean divides by the sum of the weights. A target of weight 0 does not
   * count: neither the target nor its output is read. Default: all 1.
   */
  weights?: ArrayLike<number>;
  /** Number of labels of each sequence, `[B]`, for `ctc`. Default: the number of columns of y. */
  targetLengths?: ArrayLike<number>;
}

/**
 * How losses become one number: their mean over all targets that count, or their sum. `session.losses` returns the
 * single losses, PyTorch's "none".
 */
export type Reduction = "mean" | "sum";

/** Options of every loss. */
export interface LossOptions {
  /**
   * How losses become one number.
   *
   * @default {"mean"}
   */
  reduction?: Reduction;
}

/** Options of every loss. */
export const LOSS = { reduction: [["mean", "sum"], "mean"] } satisfies Table<LossOptions>;

/** A function of outputs and targets that training minimises. */
export interface Loss {
  /** Name in error messages. */
  readonly name: string;
  /** Whether y has a target for each step, or one for each sequence. */
  readonly targets: "step" | "sequence";
  /** Plan the loss in one net's memory, reading the net's output. */
  plan(scope: Scope, output: Value): PlannedLoss;
}

/**
 * The rows of a call as a loss reads them. In memory, rows are time-major and sorted by length. The caller's rows are
 * in the caller's order.
 */
export interface TargetRows {
  /** Number of sequences. */
  readonly B: number;
  /** Number of the caller's rows. */
  readonly count: number;
  /** Whether the rows are a shard of a batch, in which all targets of one shard may not count. */
  readonly partial: boolean;
  /** Whether backward will follow. */
  readonly training: boolean;
  /** Visits each row in memory with the caller's row, or -1 for padding. */
  forEach(visit: (row: number, callerRow: number) => void): void;
  /** Index of the caller's sequence that is sequence b in memory. */
  sequence(b: number): number;
  /** Number of steps of sequence b in memory. */
  steps(b: number): number;
  /** A view of numbers in memory. */
  floats(address: number, n: number): Float32Array | Float64Array;
  /** A view of integers in memory. */
  integers(address: number, n: number): Int32Array;
}

/**
 * A loss with its place in memory. A call runs `check`, `write`, then `forward`. `check` and `write` get the same
 * copies of the caller's arrays, as doubles.
 */
export interface PlannedLoss {
  /** Whether y has a target for each step, or one for each sequence. */
  readonly targets: "step" | "sequence";
  /** How the losses become one number. */
  readonly reduction: Reduction;
  /**
   * The most elements of y, for which memory is planned.
   *
   * @default one for each number of the output
   */
  readonly elements?: number;
  /** Sum of the losses, one f32. */
  readonly total: Slot;
  /**
   * The sum of the weights of all targets that count; without weights, their number. Writes nothing.
   *
   * @throws {ShapeError} When the number of targets or weights does not fit the rows.
   * @throws {OptionError} When a target or a weight is out of range, or a mean would divide by 0.
   */
  check(targets: Targets, rows: TargetRows): number;
  /** Write checked targets. A mean divides by `count`; without `count`, losses are not divided. */
  write(targets: Targets, rows: TargetRows, count?: number): void;
  /** Compute the losses of the rows of a call and their sum. With `gradient`, write the gradient of the output. */
  forward(k: Kernels, extent: BatchShape, gradient: boolean): void;
  /** The loss, from the sum of the losses and the sum of the weights. */
  reduce(total: number, count: number): number;
  /** A copy of the losses, in the caller's order; 0 for padding. */
  read(rows: TargetRows): Float32Array;
}

/** The check of an option that is a loss. */
export const loss: Check<Loss> = (name, value) => requireMade(name, value, "plan", "a loss, such as crossEntropy()");

/** @throws {ShapeError} When y does not have `columns` numbers for each row. */
export function requireTargets({ y }: Targets, { count }: TargetRows, columns: number): void {
  if (y.length === count * columns) return;
  const expected = columns === 1 ? `${count} elements` : `${count} rows of ${columns} elements`;
  throw new ShapeError(`Cannot read "y": expected ${expected}, a row for each target, got ${y.length} elements`);
}

/**
 * The weight of a target, as a function of its row in memory and the caller's row.
 *
 * @throws {ShapeError} When the number of weights is neither the number of rows nor the number of sequences.
 * @throws {OptionError} When a weight is not a finite number.
 */
export function weightsOf({ weights }: Targets, rows: TargetRows): (row: number, callerRow: number) => number {
  if (!weights) return () => 1;
  const { length } = weights, { count, B } = rows;
  if (length !== count && length !== B) {
    const each = count === B ? "" : `${count}, one a target, or `;
    throw new ShapeError(`Cannot read "weights": expected ${each}${B}, one a sequence, got ${length} elements`);
  }
  const weight = (i: number) => requireNumber("weights", weights[i]);
  return length === count ? (_, callerRow) => weight(callerRow) : (row) => weight(rows.sequence(row % B));
}

/**
 * @param count The sum of the weights of all targets that count.
 * @param counted The number of targets that count.
 * @throws {OptionError} When a mean would divide by 0. PyTorch's result is NaN.
 */
export function requireCount(
  reduction: Reduction,
  count: number,
  counted: number,
  { weights }: Targets,
  { partial }: TargetRows,
): number {
  if (reduction === "sum" || count > 0 || (partial && !counted)) return count;
  if (!counted) {
    const reason = !weights
      ? 'every element of "y" is ignored'
      : Array.prototype.every.call(weights, (weight) => weight === 0)
      ? 'every element of "weights" is 0, expected at least one that is not'
      : 'every element of "y" is ignored or has weight 0';
    throw new OptionError(`Cannot measure a loss: ${reason}`);
  }
  throw new OptionError(
    `Cannot take the mean of a loss: the weights of all targets sum to ${count}, expected more than 0`,
  );
}

/** A copy of the losses, `[rows, columns]` in the caller's order. */
export function readLosses({ address }: Slot, rows: TargetRows, columns: number): Float32Array {
  const copy = new Float32Array(rows.count * columns);
  rows.forEach((row, callerRow) => {
    if (callerRow >= 0) copy.set(rows.floats(address + 4 * row * columns, columns), callerRow * columns);
  });
  return copy;
}
