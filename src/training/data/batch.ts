import type { Arrays } from "../../ops/value.ts";
import type { Reduction } from "../losses/loss.ts";

/** Sequences that run through a net together. Of several inputs or outputs, the arrays of each by its name. */
export interface Batch<Data extends Arrays = ArrayLike<number>> {
  /** Tokens `[T, B]` or values `[T, B, input]` (`[B, T, ...]` when batch-first). */
  x: Data;
  /** See `Targets.y`. */
  y: Data;
  /** See `Targets.weights`. */
  weights?: Data;
  /** See `Targets.targetLengths`. */
  targetLengths?: Data;
  /**
   * Length of each row, integers from 1 to T. Steps after a row's length are padding and never read. Default: all T.
   */
  lengths?: ArrayLike<number>;
  /** Input of the decoder, in a net with a decoder. Its padding is where targets do not count. */
  decoderInput?: ArrayLike<number>;
  /** Number of rows B. Default: as many as `lengths` has, or else the session's `batch`. */
  batch?: number;
}

/** The layout of an input. */
export interface InputLayout {
  /** Kind of the input. */
  readonly kind: "tokens" | "values";
  /** Elements of each row and step: 1 for tokens. */
  readonly columns: number;
  /** Whether there is one row for a sequence. */
  readonly isOne: boolean;
}

/** The layout of the targets of an output. */
export interface TargetLayout {
  /** Elements of a row of the output. */
  readonly output: number;
  /** Targets of a sequence: a row for each step, one row, or any number of labels. */
  readonly targets: "step" | "sequence" | "labels";
  /** The number of rows of targets of a sequence of T steps. */
  rows(T: number): number;
}

/** The layout of a session's data. Of several inputs or outputs, that of the first. */
export interface Layout extends InputLayout, TargetLayout {
  /** All inputs by name, of a net with several. */
  readonly inputs?: Readonly<Record<string, InputLayout>>;
  /** All outputs by name, of a net with several. */
  readonly outputs?: Readonly<Record<string, TargetLayout>>;
  /** Whether sequences are `[B, T, ...]` instead of `[T, B, ...]`. */
  readonly batchFirst: boolean;
  /** How losses become one number. */
  readonly reduction: Reduction;
  /** The largest number of steps in training. In evaluation the largest number is the session's `steps`. */
  readonly longest: number;
  /** Layout of the decoder's input, in a net with a decoder. Targets have the decoder's number of steps. */
  readonly decoder?: InputLayout & Pick<Layout, "longest">;
}
