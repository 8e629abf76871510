import { OptionError } from "../errors.ts";
import { anything, count, flag, rate, REQUIRED, sizes, type Table } from "../options.ts";
import type { Initialiser } from "../ops/initialise.ts";
import type { Merge } from "../ops/merge.ts";

/** Options of `recurrent`. */
export interface RecurrentOptions {
  /** Width I of the input. */
  input: number;
  /** Hidden size H, or one for each layer, bottom to top. */
  hidden: number | readonly number[];
  /**
   * Number of layers when `hidden` is one number.
   *
   * @default {1}
   */
  layers?: number;
  /**
   * Whether each layer also runs backward in time. The next layer reads both directions.
   *
   * @default {false}
   */
  bidirectional?: boolean;
  /**
   * How the outputs of the two directions become one: see `bidirectional`. `"concat"` doubles the width. `"none"`: the
   * top layer gives two sequences `[2, T, B, hidden]`, first the forward direction; the layers below concatenate.
   *
   * @default {"concat"}
   */
  merge?: Merge;
  /**
   * Output of the top layer: `"sequence"`, the output of every step; or `"last"`, `[B, hidden]`, the output of each
   * row's last step, and for the reverse direction the output of step 0.
   *
   * @default {"sequence"}
   */
  output?: "sequence" | "last";
  /**
   * Rate of dropout on the output of each layer but the last, as in PyTorch.
   *
   * @default {0}
   */
  dropout?: number;
  /**
   * Rate of variational dropout on the input of each layer: one mask for all steps.
   *
   * @default {0}
   */
  inputDropout?: number;
  /**
   * Rate of variational dropout on the state where it enters the cell's matmuls.
   *
   * @default {0}
   */
  recurrentDropout?: number;
  /**
   * `"zero"`, or `"learned"`: parameters `initial_h_l0` `[H]` and so on, the same for all rows, initially zero.
   *
   * @default {"zero"}
   */
  initialStates?: "zero" | "learned";
  /** Initialisers instead of the cell's, by the parameter's name without suffix: `{ weight_hh: orthogonal() }`. */
  initial?: Readonly<Record<string, Initialiser>>;
}

/** The options of `recurrent`. */
export const RECURRENT = {
  input: [count, REQUIRED],
  hidden: [sizes, REQUIRED],
  layers: [count],
  bidirectional: [flag, false],
  merge: [["concat", "sum", "average", "multiply", "none"], "concat"],
  output: [["sequence", "last"], "sequence"],
  dropout: [rate, 0],
  inputDropout: [rate, 0],
  recurrentDropout: [rate, 0],
  initialStates: [["zero", "learned"], "zero"],
  initial: [anything],
} satisfies Table<RecurrentOptions>;

/**
 * The hidden size of each layer, bottom to top.
 *
 * @throws {OptionError} When there is not one size for each of the layers.
 */
export function layerSizes(hidden: number | readonly number[], layers?: number): readonly number[] {
  if (typeof hidden === "number") return new Array<number>(layers ?? 1).fill(hidden);
  if ((layers ?? hidden.length) === hidden.length) return hidden;
  throw new OptionError(`"hidden" must have one size for each layer, got ${hidden.length}`);
}
