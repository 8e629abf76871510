import type { Cell } from "../../cells/cell.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { NamedActivation } from "../../ops/activation.ts";
import type { Merge } from "../../ops/merge.ts";

/** A layer that was found in a graph, with its parameters. */
export type Part =
  | EmbeddingPart
  | OneHotPart
  | DensePart
  | ActivationPart
  | LayerNormPart
  | PoolPart
  | AttentionPart
  | ResidualPart
  | RecurrentPart;

interface EmbeddingPart {
  readonly kind: "embedding";
  /** `[vocabulary, width]` */
  readonly weight: TensorCopy;
}

/** y = x Wᵀ + b; without b it is zero. */
export interface DensePart {
  readonly kind: "dense";
  /** `[output, input]` */
  readonly weight: TensorCopy;
  bias?: Float32Array;
}

interface ActivationPart {
  readonly kind: "activation";
  readonly f: NamedActivation;
  readonly width: number;
}

interface OneHotPart {
  readonly kind: "oneHot";
  readonly vocabulary: number;
}

interface LayerNormPart {
  readonly kind: "layerNorm";
  readonly epsilon: number;
  /** `[width]` each. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

interface PoolPart {
  readonly kind: "pool";
  readonly how: "mean" | "max";
  readonly width: number;
}

/** Attention, as far as it was found: the weights of steps, the steps multiplied by them, or their sum as well. */
export interface AttentionPart {
  readonly kind: "attention";
  /** `[hidden, width]` */
  readonly weight: TensorCopy;
  /** `[hidden]` each. */
  readonly bias: Float32Array;
  readonly query: Float32Array;
  stage: "weights" | "weighted" | "whole";
}

/** Layers whose output is added to their input. */
interface ResidualPart {
  readonly kind: "residual";
  readonly parts: readonly Part[];
}

/** One recurrent layer, in one direction or two. */
export interface RecurrentPart {
  readonly kind: "recurrent";
  readonly cell: Cell;
  readonly input: number;
  readonly hidden: number;
  readonly bidirectional: boolean;
  /** Whether rows have lengths of their own. */
  readonly lengths: boolean;
  /** Of each direction, by PyTorch's names without suffix; initial states that are not zero among them. */
  readonly parameters: readonly Readonly<Record<string, TensorCopy>>[];
  last: boolean;
  /** How the two directions become one. Default: side by side. */
  merge?: Merge;
}
