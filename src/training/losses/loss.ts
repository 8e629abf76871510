import { OptionError, requireNumber, ShapeError } from "../../errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { Scope } from "../../memory/scope.ts";
import type { Slot } from "../../memory/slot.ts";
import type { BatchShape, Value } from "../../ops/value.ts";

/** What outputs are compared with. */
export interface Targets {
  /**
   * Classes `[T, B]` or numbers `[T, B, width]`, as the loss says (`[B, T, ...]` when batch-first); of a loss with one
   * target a sequence, and of a net that gives one row for a sequence, `[B]` or `[B, width]`; of `ctc` labels. What
   * lies behind a row's length is not read.
   */
  y: ArrayLike<number>;
  /**
   * How much each target counts: as many finite numbers as there are targets, or one a sequence, `[B]`. A weight
   * multiplies a loss and its gradient, and a mean divides by the sum of the weights. A target of weight 0 does not
   * count: neither it nor its output is looked at. Default: all 1.
   */
  weights?: ArrayLike<number>;
  /** Of `ctc`: the number of labels of each sequence, `[B]`. Default: all as long as y has columns. */
  targetLengths?: ArrayLike<number>;
}

/**
 * How losses become one number: their mean over what counts, or their sum. Losses one by one, PyTorch's "none", are
 * what `session.losses` returns.
 */
export type Reduction = "mean" | "sum";

/** Options of every loss. */
export interface LossOptions {
  /** Default `"mean"`. */
  reduction?: Reduction;
}

/** A loss: what is compared with the targets, and how. */
export interface Loss {
  /** For messages. */
  readonly name: string;
  /** Whether there is a target for each step, or one for each sequence. */
  readonly targets: "step" | "sequence";
  /** The loss in one net's memory, reading the net's output. */
  plan(scope: Scope, output: Value): PlannedLoss;
}

/**
 * The rows of a call as a loss sees them. In memory they are time-major and sorted by length, outside as the caller
 * has them.
 */
export interface TargetRows {
  /** Sequences. */
  readonly B: number;
  /** Rows outside. */
  readonly count: number;
  /** Whether other processes have the other rows of the batch, so that none of these has to count. */
  readonly partial: boolean;
  /** For each row in memory the caller's row, or -1 for padding. */
  forEach(visit: (row: number, outside: number) => void): void;
  /** The caller's sequence at sequence b in memory. */
  sequence(b: number): number;
  /** Steps of sequence b in memory. */
  steps(b: number): number;
  /** A view of numbers in memory. */
  floats(address: number, n: number): Float32Array | Float64Array;
  /** A view of integers in memory. */
  integers(address: number, n: number): Int32Array;
}

/** A loss with its place in memory. Targets are checked, then written; then `forward` computes. */
export interface PlannedLoss {
  /** Whether there is a target for each step, or one for each sequence. */
  readonly targets: "step" | "sequence";
  /** How the losses become one number. */
  readonly reduction: Reduction;
  /** Sum of the losses, one f32. */
  readonly total: Slot;
  /**
   * The weight of all targets that count: without weights, their number. Writes nothing.
   *
   * @throws {ShapeError} When there are not as many targets or weights as the rows need.
   * @throws {OptionError} When a target or a weight is out of range, or a mean has nothing to divide by.
   */
  check(targets: Targets, rows: TargetRows): number;
  /** Write targets that were checked. `count` is the weight that a mean divides by; none: losses stay as they are. */
  write(targets: Targets, rows: TargetRows, count?: number): void;
  /** Losses of the rows of a call and their sum; leaves the gradient in the output's port if `gradient`. */
  forward(k: Kernels, extent: BatchShape, gradient: boolean): void;
  /** The loss, from the sum and the weight of all targets. */
  reduce(total: number, count: number): number;
  /** Copies of the losses, as the caller has the targets; 0 for padding. */
  read(rows: TargetRows): Float32Array;
}

/** @throws {OptionError} When there is no such reduction. */
export function requireReduction(reduction: Reduction): Reduction {
  if (reduction === "mean" || reduction === "sum") return reduction;
  throw new OptionError(`"reduction" must be "mean" or "sum", got ${JSON.stringify(reduction)}`);
}

/** @throws {ShapeError} When there are not as many numbers as rows of so many columns have. */
export function requireTargets({ y }: Targets, { count }: TargetRows, columns: number): void {
  if (y.length === count * columns) return;
  const expected = columns === 1 ? `${count} elements` : `${count} rows of ${columns} elements`;
  throw new ShapeError(`Cannot read "y": expected ${expected}, a row for each target, got ${y.length} elements`);
}

/**
 * The weight of the target of a row, in memory and outside.
 *
 * @throws {ShapeError} When there are neither as many weights as rows nor as many as sequences.
 * @throws {OptionError} When one is not a finite number.
 */
export function weightsOf({ weights }: Targets, rows: TargetRows): (row: number, outside: number) => number {
  if (!weights) return () => 1;
  const { length } = weights, { count, B } = rows;
  if (length !== count && length !== B) {
    const each = count === B ? "" : `${count}, one a target, or `;
    throw new ShapeError(`Cannot read "weights": expected ${each}${B}, one a sequence, got ${length} elements`);
  }
  const weight = (i: number) => requireNumber("weights", weights[i]);
  return length === count ? (_, outside) => weight(outside) : (row) => weight(rows.sequence(row % B));
}

/** @throws {OptionError} When a mean would divide by nothing. PyTorch's result is NaN. */
export function requireCount(reduction: Reduction, count: number, targets: number, { partial }: TargetRows): number {
  if (reduction === "sum" || count > 0 || (partial && !targets)) return count;
  if (!targets) throw new OptionError('Cannot measure a loss: every element of "y" is ignored');
  throw new OptionError(
    `Cannot take the mean of a loss: the weights of all targets sum to ${count}, expected more than 0`,
  );
}

/** Losses `[rows, columns]` without gaps, as the caller has the rows. */
export function readLosses({ address }: Slot, rows: TargetRows, columns: number): Float32Array {
  const copy = new Float32Array(rows.count * columns);
  rows.forEach((row, outside) => {
    if (outside >= 0) copy.set(rows.floats(address + 4 * row * columns, columns), outside * columns);
  });
  return copy;
}
