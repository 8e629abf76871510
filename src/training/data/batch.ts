import { type Arrays, shapeOf, type TensorSpec } from "../../ops/value.ts";
import type { PlannedLoss, Reduction } from "../losses/loss.ts";

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

/** The layout of a session's data; of several inputs or outputs, that of the first. */
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
  /** The inputs, the outputs and the losses of the net. Default: one of each. */
  readonly net?: { readonly input: TensorSpec; readonly output: TensorSpec; readonly loss: PlannedLoss };
}

/** The number of rows of targets of a sequence of T steps. */
export function targetRows({ targets, net }: Pick<Layout, "targets" | "net">, T: number): number {
  if (targets !== "step") return 1;
  return net ? shapeOf(net.output, { T, B: 1, active: () => 1, training: false }).T : T;
}
