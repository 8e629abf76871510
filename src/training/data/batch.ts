import type { Reduction, Targets } from "../losses/loss.ts";

/** Sequences that go through a net together. */
export interface Batch extends Targets {
  /** Tokens `[T, B]` or values `[T, B, input]` (`[B, T, ...]` when batch-first). */
  x: ArrayLike<number>;
  /** Length of each row, integers from 1 to T. Default: all T. What lies behind it is padding and never read. */
  lengths?: ArrayLike<number>;
  /** Of a net with a decoder: what that one reads. Its padding is what has targets that do not count. */
  decoderInput?: ArrayLike<number>;
  /** Rows B. Default: as many as `lengths`, or else the session's `batch`. */
  batch?: number;
}

/** How a session's data is laid out. */
export interface Layout {
  /** What x has for a step: tokens, or values. */
  readonly kind: "tokens" | "values";
  /** Elements of x for a row and step: 1 for tokens. */
  readonly columns: number;
  /** Elements of a row of the output. */
  readonly output: number;
  /** Whether sequences are `[B, T, ...]` instead of `[T, B, ...]`. */
  readonly batchFirst: boolean;
  /** What a sequence is compared with: a row for each step, one row, or any number of labels. */
  readonly targets: "step" | "sequence" | "labels";
  /** How the losses become one number. */
  readonly reduction: Reduction;
  /** The most steps of a training step; those of an evaluation are the session's. */
  readonly longest: number;
  /** Of a net with a decoder: what that one reads for a step, as x has it, and its most steps, which are those of the targets. */
  readonly decoder?: Pick<Layout, "kind" | "columns" | "longest">;
}
