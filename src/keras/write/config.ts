import type { Activation } from "../../ops/activation.ts";
import { completeActivation } from "../../ops/activation.ts";
import { activationName, type Dialect } from "../activations.ts";
import type { Head } from "../read/net.ts";
import { MERGES } from "../read/recurrent.ts";
import { cannotWrite, type DescribedLayer, unusedName } from "./describe.ts";
import { type CellSpec, type LayerSpec, poolSkipsPadding, type RecurrentSpec } from "../spec.ts";
import { snake } from "../read/topology.ts";
import { innerName } from "../variables.ts";

/** What a net alone does not tell of a model. A `KerasModel` is such. */
export interface KerasOptions {
  /** The model's name. Default `"sequential"`. */
  readonly name?: string;
  /** The function that the model is to end with, behind the net. Default none. */
  readonly head?: Head | undefined;
  /**
   * What padding is in the input, of which the model is to make masks: of tokens it must be 0, of values it is what all elements of
   * a step are. Default: the model has no mask.
   */
  readonly padding?: number | undefined;
  /** Whether each batch begins with the states that the one before it left. Default false. */
  readonly stateful?: boolean;
}

/** JSON of a layer or model. */
export type Json = { readonly [key: string]: unknown };

/** A layer as it is written. */
export interface ConfiguredLayer extends DescribedLayer {
  readonly className: string;
  readonly json: Json;
  /** Where Keras 3 puts its variables. */
  readonly path: string;
}

/** A net's input, `[T]` tokens or `[T, width]`. */
export interface NetInput {
  readonly tokens: boolean;
  readonly width: number;
}

/** The layers of a model as they are written, with what `options` add before and behind those of the net. */
export function configureLayers(
  described: readonly DescribedLayer[],
  { tokens }: NetInput,
  { head, padding, stateful = false }: KerasOptions,
  dialect: Dialect,
): ConfiguredLayer[] {
  const layers: DescribedLayer[] = described.map((layer) => {
    const { spec } = layer;
    if (spec.kind === "embedding") return { ...layer, spec: { ...spec, maskZero: padding !== undefined } };
    return spec.kind === "recurrent" ? { ...layer, spec: { ...spec, stateful } } : layer;
  });
  if (padding !== undefined && tokens && padding !== 0) {
    throw cannotWrite(layers[0].spec.name, `reads tokens, whose padding must be 0 there, got ${padding}`);
  }
  const taken = new Set(layers.map(({ spec }) => spec.name));
  if (padding !== undefined && !tokens) {
    layers.unshift({ spec: { kind: "masking", name: unusedName(taken, "padding"), value: padding }, variables: [] });
  }
  if (head) {
    layers.push({
      spec: { kind: "activation", name: unusedName(taken, head), activation: head, insideDense: false, axis: -1 },
      variables: [],
    });
  }
  for (const { spec } of layers) {
    if (padding !== undefined && spec.kind === "pool" && !poolSkipsPadding(spec, dialect)) {
      throw cannotWrite(spec.name, "would take padding as well there");
    }
  }
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const json = layerJson(layer.spec, dialect), className = json.class_name as string, name = snake(className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return { ...layer, json, className, path: `layers/${name}${count ? `_${count}` : ""}` };
  });
}

/** A model's configuration. */
export function modelJson(
  layers: readonly ConfiguredLayer[],
  { tokens, width }: NetInput,
  { name = "sequential" }: KerasOptions,
  dialect: Dialect,
): Json {
  const key = dialect === "keras3" ? "batch_shape" : "batch_input_shape",
    shape = [null, null, ...tokens ? [] : [width]];
  const called = unusedName(new Set(layers.map(({ spec }) => spec.name)), "input");
  const input = object("InputLayer", { name: called, [key]: shape, dtype: tokens ? "int32" : "float32" }, dialect);
  const config = { name, layers: [input, ...layers.map(({ json }) => json)] };
  return dialect === "keras3" ? object("Sequential", config, dialect, "keras") : { class_name: "Sequential", config };
}

function object(className: string, config: Json, dialect: Dialect, module = "keras.layers"): Json {
  const own = { class_name: className, config };
  return dialect === "keras3" ? { module, ...own, registered_name: null } : own;
}

function layerJson(spec: LayerSpec, dialect: Dialect): Json {
  const { name } = spec, make = (className: string, config: Json) => object(className, { name, ...config }, dialect);
  switch (spec.kind) {
    case "embedding":
      return make("Embedding", { input_dim: spec.vocabulary, output_dim: spec.width, mask_zero: spec.maskZero });
    case "masking":
      return make("Masking", { mask_value: spec.value });
    case "dense":
      return make("Dense", { units: spec.units, activation: "linear", use_bias: spec.bias });
    case "dropout":
      return make(spec.variational ? "SpatialDropout1D" : "Dropout", { rate: spec.rate });
    case "norm":
      return make("LayerNormalization", { axis: -1, epsilon: spec.epsilon, scale: spec.scale, center: spec.center });
    case "pool":
      return make(spec.how === "max" ? "GlobalMaxPooling1D" : "GlobalAveragePooling1D", {});
    case "activation":
      return activationJson(name, spec.activation, dialect, make);
    case "recurrent":
      return recurrentJson(spec, dialect, make);
  }
}

function activationJson(
  name: string,
  activation: Activation | "softmax",
  dialect: Dialect,
  make: (className: string, config: Json) => Json,
): Json {
  const known = activationName(activation, dialect);
  if (known) return make("Activation", { activation: known });
  const { name: kind, alpha } = completeActivation("activation", activation as Activation);
  if (kind === "leakyRelu") return make("LeakyReLU", { [dialect === "keras3" ? "negative_slope" : "alpha"]: alpha });
  if (kind === "elu" && dialect === "keras3") return make("ELU", { alpha });
  throw cannotWrite(name, `has the function "${kind}" with numbers that there are not there`);
}

function recurrentJson(spec: RecurrentSpec, dialect: Dialect, make: (className: string, config: Json) => Json): Json {
  const { name, cells: [cell], direction, merge } = spec, both = direction === "both";
  const config = {
    ...cellJson(name, cell, dialect),
    return_sequences: spec.sequences,
    return_state: false,
    go_backwards: false,
    stateful: spec.stateful,
    unroll: false,
  };
  if (!both) return make(cell.kind, config);
  const layer = object(cell.kind, { name: innerName(spec), ...config }, dialect);
  const mode = Object.keys(MERGES).find((key) => MERGES[key] === merge);
  return make("Bidirectional", { merge_mode: mode, layer });
}

function cellJson(layer: string, cell: CellSpec, dialect: Dialect): Json {
  const { kind, units, bias, resetAfter, dropout, recurrentDropout } = cell;
  const name = (activation: Activation) => {
    const known = activationName(activation, dialect);
    if (known) return known;
    throw cannotWrite(layer, `has the function ${JSON.stringify(activation)}, which is not there`);
  };
  if (resetAfter && dialect === "tfjs") {
    throw cannotWrite(
      layer,
      `is a GRU whose reset gate acts after the product; TensorFlow.js has reset: "before" alone`,
    );
  }
  return {
    units,
    activation: name(cell.activation),
    ...kind === "SimpleRNN" ? {} : { recurrent_activation: name(cell.recurrentActivation) },
    use_bias: bias,
    ...kind === "GRU" ? { reset_after: resetAfter } : {},
    dropout,
    recurrent_dropout: recurrentDropout,
  };
}
