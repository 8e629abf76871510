import type { CellDescription } from "../cells/description.ts";
import type { NamedActivation } from "../ops/activation.ts";
import type { RecurrentOptions } from "./recurrent_options.ts";

/**
 * A layer as plain data, fit for JSON: its kind, and the options that its tensors do not tell. Widths are those of its
 * parameters, input and output.
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

/** A layer of `recurrent`: its cell, none where that has no description, and its options without first values. */
export interface RecurrentDescription extends Omit<RecurrentOptions, "initial"> {
  /** Which one. */
  readonly kind: "recurrent";
  /** The cell that is unrolled. */
  readonly cell?: CellDescription;
}

/** Layers one on top of the other. */
export interface StackDescription {
  /** Which one. */
  readonly kind: "stacked";
  /** Of each layer the prefix of its tensors in the whole, what it is called, and what it is. */
  readonly layers: readonly (readonly [prefix: string, label: string, layer?: LayerDescription])[];
}
