import type { Activation } from "../ops/activation.ts";
import type { Dialect } from "./activations.ts";
import type { Merge } from "../ops/merge.ts";

/** What Keras and TensorFlow.js call a layer, in our terms. `name` is theirs. */
export type LayerSpec =
  | EmbeddingSpec
  | MaskingSpec
  | RecurrentSpec
  | DenseSpec
  | ActivationSpec
  | DropoutSpec
  | NormSpec
  | PoolSpec;

/** Vectors for tokens `[B, T]`. */
export interface EmbeddingSpec {
  readonly kind: "embedding";
  readonly name: string;
  readonly vocabulary: number;
  readonly width: number;
  /** Whether token 0 is padding. */
  readonly maskZero: boolean;
}

/** Steps whose elements are all `value` are padding. */
export interface MaskingSpec {
  readonly kind: "masking";
  readonly name: string;
  readonly value: number;
}

/** The kinds of cells, by the names of the layers that are made of them. */
export type CellKind = "SimpleRNN" | "LSTM" | "GRU";

/** One cell of a recurrent layer. */
export interface CellSpec {
  readonly kind: CellKind;
  /** The name that a cell in a stack of cells has. */
  readonly name: string;
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  readonly bias: boolean;
  /** Of a GRU; undefined: as its bias shows. */
  readonly resetAfter?: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
}

/** Cells over time, one on the other. */
export interface RecurrentSpec {
  readonly kind: "recurrent";
  readonly name: string;
  /** Several where one layer of theirs holds a stack. */
  readonly cells: readonly CellSpec[];
  /** Whether theirs is a stack, even of one cell, and one cell outside a layer of its kind. */
  readonly form: "layer" | "cell" | "stack";
  readonly direction: "ahead" | "back" | "both";
  readonly merge: Merge;
  readonly sequences: boolean;
  readonly stateful: boolean;
}

/** A product with a matrix, at each step where there are steps. */
export interface DenseSpec {
  readonly kind: "dense";
  readonly name: string;
  readonly units: number;
  readonly bias: boolean;
  /** Whether theirs is wrapped in TimeDistributed. */
  readonly distributed: boolean;
}

/** A nonlinearity, or what is offered at the end. */
export interface ActivationSpec {
  readonly kind: "activation";
  readonly name: string;
  readonly activation: Activation | "softmax";
  /** Whether it is a part of the dense layer before it. */
  readonly insideDense: boolean;
  /** That along which a softmax adds up to 1; -1 is the last. */
  readonly axis: number;
}

/** Elements that training drops. */
export interface DropoutSpec {
  readonly kind: "dropout";
  readonly name: string;
  readonly rate: number;
  /** Whether all steps have one mask. */
  readonly variational: boolean;
}

/** Layer normalisation of the last axis. */
export interface NormSpec {
  readonly kind: "norm";
  readonly name: string;
  readonly epsilon: number;
  readonly scale: boolean;
  readonly center: boolean;
  /** -1 is the last. */
  readonly axis: number;
}

/** One row for a sequence. */
export interface PoolSpec {
  readonly kind: "pool";
  readonly name: string;
  readonly how: "mean" | "max";
}

/** Whether a pool leaves padding out there; ours always do. */
export function poolSkipsPadding({ how }: PoolSpec, dialect: Dialect): boolean {
  return how === "mean" && dialect !== "tfjs";
}

/** A layer, and where it stands in files. */
export interface ModelLayer {
  readonly spec: LayerSpec;
  /** Where Keras 3 puts its variables: `layers/lstm_1`. */
  readonly path: string;
  /** Whether it is to be trained. */
  readonly trainable: boolean;
}

/** A model: what comes in, and its layers in order. */
export interface ModelSpec {
  readonly dialect: Dialect;
  readonly name: string;
  /** Extents of the input without that of the batch, undefined where any will do; undefined: not said. */
  readonly input?: readonly (number | undefined)[];
  readonly layers: readonly ModelLayer[];
}
