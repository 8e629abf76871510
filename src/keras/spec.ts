import type { Activation } from "../ops/activation.ts";
import type { Merge } from "../ops/merge.ts";
import type { Dialect } from "./activations.ts";

/** A layer of Keras or TensorFlow.js, in the terms of the library. `name` is its name in the model. */
export type LayerSpec =
  | EmbeddingSpec
  | MaskingSpec
  | RecurrentSpec
  | DenseSpec
  | ActivationSpec
  | DropoutSpec
  | NormSpec
  | PoolSpec;

/** A vector for each token of `[B, T]`. */
interface EmbeddingSpec {
  readonly kind: "embedding";
  readonly name: string;
  readonly vocabulary: number;
  readonly width: number;
  /** Whether token 0 is padding. */
  readonly maskZero: boolean;
}

/** Marks steps whose elements are all `value` as padding. */
interface MaskingSpec {
  readonly kind: "masking";
  readonly name: string;
  readonly value: number;
}

/** The kind of a cell, named after its layer. */
export type CellKind = "SimpleRNN" | "LSTM" | "GRU";

/** One cell of a recurrent layer. */
export interface CellSpec {
  readonly kind: CellKind;
  /** The name of the cell in a stack of cells. */
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  readonly bias: boolean;
  /** Whether the reset gate of a GRU acts after the matrix product; undefined when only the bias tells. */
  readonly resetAfter?: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
}

/** A recurrent layer. */
export interface RecurrentSpec {
  readonly kind: "recurrent";
  readonly name: string;
  /** One cell, or the cells of a stack in one layer. */
  readonly cells: readonly CellSpec[];
  /** Whether it is a layer of the cell's own class, a layer RNN of one cell, or a layer RNN of a stack of cells. */
  readonly form: "layer" | "cell" | "stack";
  /** `"backward"` is `go_backwards`: the output has the steps in reverse order. */
  readonly direction: "forward" | "backward" | "both";
  readonly merge: Merge;
  /** Whether the layer outputs each step instead of the last one. */
  readonly sequences: boolean;
  /** Whether each batch begins with the final states of the batch before it. */
  readonly stateful: boolean;
}

/** The merge of two directions by its name in Keras. The name null means "none". */
export const MERGES: Readonly<Record<string, Merge>> = {
  concat: "concat",
  sum: "sum",
  ave: "average",
  mul: "multiply",
};

/** A product with a matrix, at each step if there are steps. */
interface DenseSpec {
  readonly kind: "dense";
  readonly name: string;
  readonly units: number;
  readonly bias: boolean;
  /** Whether the layer is wrapped in TimeDistributed. */
  readonly distributed: boolean;
}

/** A nonlinearity. */
export interface ActivationSpec {
  readonly kind: "activation";
  readonly name: string;
  readonly activation: Activation | "softmax";
  /** Whether it is the `activation` of the dense layer before it. */
  readonly insideDense: boolean;
  /** The axis of a softmax; -1 is the last. */
  readonly axis: number;
}

/** Dropout. */
interface DropoutSpec {
  readonly kind: "dropout";
  readonly name: string;
  readonly rate: number;
  /** Whether all steps share one mask. */
  readonly variational: boolean;
}

/** Layer normalisation. */
interface NormSpec {
  readonly kind: "norm";
  readonly name: string;
  readonly epsilon: number;
  readonly scale: boolean;
  readonly center: boolean;
  /** -1 is the last. */
  readonly axis: number;
}

/** Pooling over all steps: one row for a sequence. */
interface PoolSpec {
  readonly kind: "pool";
  readonly name: string;
  readonly how: "mean" | "max";
}

/** Whether a pooling layer leaves out padding. The layers of the library always do. */
export function poolSkipsPadding({ how }: { readonly how: "mean" | "max" }, dialect: Dialect): boolean {
  return how === "mean" && dialect !== "tfjs";
}

/** A layer and its place in files. */
export interface ModelLayer {
  readonly spec: LayerSpec;
  /** The path of its variables in a file of Keras 3: `layers/lstm_1`. */
  readonly path: string;
  /** Whether its variables are trained. */
  readonly trainable: boolean;
}

/** A model: its input and its layers in order. */
export interface ModelSpec {
  readonly dialect: Dialect;
  readonly name: string;
  /**
   * The extents of the input without the batch. An extent is undefined when any will do; the whole is undefined when
   * the configuration does not give it.
   */
  readonly input?: readonly (number | undefined)[];
  readonly layers: readonly ModelLayer[];
}
