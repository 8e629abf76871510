import type { CellDescription } from "../cells/description.ts";
import type { NamedActivation } from "../ops/activation.ts";
import type { RecurrentOptions } from "./recurrent_options.ts";

/**
 * A layer as plain data that JSON can hold: its kind, and the options that its tensors do not tell. The shapes of its
 * parameters, input and output tell the widths.
 */
export type LayerDescription =
  | { readonly kind: "embedding"; readonly paddingIndex?: number }
  | { readonly kind: "oneHot" | "dense" | "attentionPool" }
  | { readonly kind: "dropout"; readonly rate: number; readonly variational: boolean }
  | { readonly kind: "activation"; readonly f: NamedActivation }
  | { readonly kind: "layerNorm"; readonly epsilon: number }
  | { readonly kind: "pool"; readonly how: "mean" | "max" }
  | { readonly kind: "residual"; readonly layer?: LayerDescription }
  | RecurrentDescription
  | StackDescription;

/** A layer of `recurrent`: its cell, and its options without `initial`. */
export interface RecurrentDescription extends Omit<RecurrentOptions, "initial"> {
  /** Kind of the layer. */
  readonly kind: "recurrent";
  /** The cell; undefined for a cell without a description. */
  readonly cell?: CellDescription;
}

/** Layers one on top of the other. */
export interface StackDescription {
  /** Kind of the layer. */
  readonly kind: "stacked";
  /** For each layer: the prefix of its tensor names, its label, and its description. */
  readonly layers: readonly (readonly [prefix: string, label: string, layer?: LayerDescription])[];
}
