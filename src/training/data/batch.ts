import type { Reduction, Targets } from "../losses/loss.ts";

/** Sequences that run through a net together. */
export interface Batch extends Targets {
  /** Tokens `[T, B]` or values `[T, B, input]` (`[B, T, ...]` when batch-first). */
  x: ArrayLike<number>;
  /**
   * Length of each row, integers from 1 to T. Steps after a row's length are padding and never read. Default: all T.
   */
  lengths?: ArrayLike<number>;
  /** Input of the decoder, in a net with a decoder. Its padding is where targets do not count. */
  decoderInput?: ArrayLike<number>;
  /** Number of rows B. Default: as many as `lengths` has, or else the session's `batch`. */
  batch?: number;
}

/** The layout of a session's data. */
export interface Layout {
  /** Kind of x. */
  readonly kind: "tokens" | "values";
  /** Elements of x for each row and step: 1 for tokens. */
  readonly columns: number;
  /** Elements of a row of the output. */
  readonly output: number;
  /** Whether sequences are `[B, T, ...]` instead of `[T, B, ...]`. */
  readonly batchFirst: boolean;
  /** Targets of a sequence: a row for each step, one row, or any number of labels. */
  readonly targets: "step" | "sequence" | "labels";
  /** How losses become one number. */
  readonly reduction: Reduction;
  /** The largest number of steps in training. In evaluation the largest number is the session's `steps`. */
  readonly longest: number;
  /** Layout of the decoder's input, in a net with a decoder. Targets have the decoder's number of steps. */
  readonly decoder?: Pick<Layout, "kind" | "columns" | "longest">;
}
