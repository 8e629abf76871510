import type { Initialiser } from "../ops/initialise.ts";
import type { Merge } from "../ops/merge.ts";

/** Options of `recurrent`. */
export interface RecurrentOptions {
  /** Width I of the input. */
  input: number;
  /** Hidden size H, or one for each layer, bottom to top. */
  hidden: number | readonly number[];
  /** Number of layers when `hidden` is one number. Default 1. */
  layers?: number;
  /** Whether each layer also runs against time; the next layer sees both directions. Default false. */
  bidirectional?: boolean;
  /**
   * How the outputs of the two directions become one. Default `"concat"`, which doubles the width. `"none"`: the top
   * layer's stay two sequences `[2, T, B, hidden]`, the one against time behind the other; layers below it concatenate.
   */
  merge?: Merge;
  /**
   * What the top layer gives: `"sequence"`, its output at every step, or `"last"`, `[B, hidden]`, that after each row's
   * last step; of the direction against time that after the first one, where it ends. Default `"sequence"`.
   */
  output?: "sequence" | "last";
  /** Rate of dropout on the output of each layer but the last, as PyTorch has it. Default 0. */
  dropout?: number;
  /** Rate of variational dropout on the input of each layer: one mask for all steps. Default 0. */
  inputDropout?: number;
  /** Rate of variational dropout on the state where it enters the cell's products. Default 0. */
  recurrentDropout?: number;
  /** `"zero"`, or `"learned"`: parameters `initial_h_l0` `[H]` and so on, the same for all rows, at first zero. Default `"zero"`. */
  initialStates?: "zero" | "learned";
  /** Other first values than the cell's own, by the parameter's name without suffix: `{ weight_hh: orthogonal() }`. */
  initial?: Readonly<Record<string, Initialiser>>;
}
