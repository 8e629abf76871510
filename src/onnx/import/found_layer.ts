import type { Cell } from "../../cells/cell.ts";
import type { NamedActivation } from "../../ops/activation.ts";
import type { Merge } from "../../ops/merge.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";

/** A layer that was found in a graph, with its parameters. Mutable properties change as further nodes are read. */
export type FoundLayer =
  | FoundEmbedding
  | FoundOneHot
  | FoundDense
  | FoundScale
  | FoundActivation
  | FoundLayerNorm
  | FoundPool
  | FoundAttention
  | FoundResidual
  | FoundRecurrent;

interface FoundEmbedding {
  readonly kind: "embedding";
  /** `[vocabulary, width]` */
  readonly weight: TensorCopy;
}

interface FoundOneHot {
  readonly kind: "oneHot";
  readonly vocabulary: number;
}

/** y = x Wᵀ + b; without `bias`, b is zero. */
interface FoundDense {
  readonly kind: "dense";
  /** W `[output, input]` */
  readonly weight: TensorCopy;
  /** b `[output]` */
  bias?: Float32Array;
}

/** y = factor x + bias, element by element. */
interface FoundScale {
  readonly kind: "scale";
  /** `[width]` */
  factor: Float64Array;
  /** `[width]` */
  bias: Float64Array;
}

interface FoundActivation {
  readonly kind: "activation";
  readonly f: NamedActivation;
  readonly width: number;
}

interface FoundLayerNorm {
  readonly kind: "layerNorm";
  readonly epsilon: number;
  /** `[width]` */
  readonly weight: Float32Array;
  /** `[width]` */
  readonly bias: Float32Array;
}

interface FoundPool {
  readonly kind: "pool";
  readonly how: "mean" | "max";
  readonly width: number;
  /** Of a mean of rows with lengths, whether its division was found too. */
  stage?: "sum" | "whole";
}

/** Attention pooling. */
export interface FoundAttention {
  readonly kind: "attention";
  /** `[hidden, width]` */
  readonly weight: TensorCopy;
  /** `[hidden]` */
  readonly bias: Float32Array;
  /** `[hidden]` */
  readonly query: Float32Array;
  /** The nodes found so far: up to the weights of the steps, the steps times their weights, or all up to the sum. */
  stage: "weights" | "weighted" | "whole";
}

/** Layers whose output is added to their input. */
interface FoundResidual {
  readonly kind: "residual";
  readonly layers: readonly FoundLayer[];
  /** The number of residual layers inside each other, this one included. */
  readonly depth: number;
}

/** One recurrent layer of one or two directions. */
export interface FoundRecurrent {
  readonly kind: "recurrent";
  cell: Cell;
  readonly input: number;
  readonly hidden: number;
  readonly bidirectional: boolean;
  /** Whether the model has an input with the length of each row. */
  readonly lengths: boolean;
  /**
   * For each direction, the parameters by PyTorch's names without suffix. Initial states are included unless all are
   * zero.
   */
  parameters: readonly Readonly<Record<string, TensorCopy>>[];
  /** Whether the net reads only the final states. */
  last: boolean;
  /** How the outputs of the two directions are merged. Default: side by side. */
  merge?: Merge;
}
