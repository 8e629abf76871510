import { type Activation, completeActivation } from "../../ops/activation.ts";
import { activationName, type Dialect } from "../activations.ts";
import { type Names, requireKnown } from "../../options.ts";
import type { Head } from "../read/net.ts";
import { type CellSpec, type LayerSpec, MERGES, poolSkipsPadding, type RecurrentSpec } from "../spec.ts";
import { innerName, snakeCase } from "../variables.ts";
import { cannotWrite, type DescribedLayer, unusedName } from "./describe.ts";

/** Properties of a model that its net does not have. A `KerasModel` has them, and can be passed as these options. */
export interface KerasOptions {
  /**
   * The name of the model.
   *
   * @default "sequential"
   */
  readonly name?: string;
  /**
   * The function behind the net at the end of the model.
   *
   * @default undefined
   */
  readonly head?: Head | undefined;
  /**
   * The padding of the input, which the model masks: the token 0, or the value of all elements of a step. Without it,
   * the model has no mask.
   *
   * @default undefined
   */
  readonly padding?: number | undefined;
  /**
   * Whether each batch begins with the final states of the batch before it.
   *
   * @default false
   */
  readonly stateful?: boolean;
}

const KERAS: Names<KerasOptions> = { name: true, head: true, padding: true, stateful: true };

/**
 * Check the names of options; a `KerasModel` in their place has more.
 *
 * @param of The function that takes the options.
 * @param more Other names that it takes.
 * @throws {OptionError} When an option is unknown.
 */
export function requireKerasOptions(of: string, options: KerasOptions, more: object = {}): void {
  const isModel = typeof options === "object" && options !== null && "postPadded" in options;
  if (!isModel) requireKnown(of, { ...KERAS, ...more }, options);
}

/** The JSON of a layer or model. */
type Json = { readonly [key: string]: unknown };

/** A layer with its configuration. */
export interface ConfiguredLayer extends DescribedLayer {
  readonly className: string;
  readonly json: Json;
  /** The path of its variables in a file of Keras 3. */
  readonly path: string;
}

/** The input of a net: tokens `[batch, T]`, or values `[batch, T, width]`. */
interface NetInput {
  readonly tokens: boolean;
  readonly width: number;
}

/**
 * The layers of a model with their configurations. `options` may add a layer Masking before the layers of the net, and
 * an activation behind them.
 *
 * @throws {OptionError} When Keras or TensorFlow.js cannot do what a layer or an option asks for.
 */
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
    throw cannotWrite(layers[0].spec.name, `reads tokens, whose padding must be 0, got ${padding}`);
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
      throw cannotWrite(spec.name, "would include the padding");
    }
  }
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const json = layerJson(layer.spec, dialect);
    const className = json.class_name as string;
    const name = snakeCase(className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return { ...layer, json, className, path: `layers/${name}${count ? `_${count}` : ""}` };
  });
}

/** The configuration of a model. */
export function modelJson(
  layers: readonly ConfiguredLayer[],
  { tokens, width }: NetInput,
  { name = "sequential" }: KerasOptions,
  dialect: Dialect,
): Json {
  const key = dialect === "keras3" ? "batch_shape" : "batch_input_shape";
  const shape = [null, null, ...tokens ? [] : [width]];
  const inputName = unusedName(new Set(layers.map(({ spec }) => spec.name)), "input");
  const input = object("InputLayer", { name: inputName, [key]: shape, dtype: tokens ? "int32" : "float32" }, dialect);
  const config = { name, layers: [input, ...layers.map(({ json }) => json)] };
  return dialect === "keras3" ? object("Sequential", config, dialect, "keras") : { class_name: "Sequential", config };
}

/** The JSON of an object of a class. */
function object(className: string, config: Json, dialect: Dialect, module = "keras.layers"): Json {
  const own = { class_name: className, config };
  return dialect === "keras3" ? { module, ...own, registered_name: null } : own;
}

function layerJson(spec: LayerSpec, dialect: Dialect): Json {
  const { name } = spec;
  const make = (className: string, config: Json) => object(className, { name, ...config }, dialect);
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
  throw cannotWrite(name, `has the function "${kind}" with parameters that Keras does not have`);
}

function recurrentJson(spec: RecurrentSpec, dialect: Dialect, make: (className: string, config: Json) => Json): Json {
  const { name, cells: [cell], direction, merge } = spec;
  const config = {
    ...cellJson(name, cell, dialect),
    return_sequences: spec.sequences,
    return_state: false,
    go_backwards: false,
    stateful: spec.stateful,
    unroll: false,
  };
  if (direction !== "both") return make(cell.kind, config);
  const layer = object(cell.kind, { name: innerName(spec), ...config }, dialect);
  const mode = Object.keys(MERGES).find((key) => MERGES[key] === merge);
  return make("Bidirectional", { merge_mode: mode, layer });
}

function cellJson(layer: string, cell: CellSpec, dialect: Dialect): Json {
  const { kind, units, bias, resetAfter, dropout, recurrentDropout } = cell;
  const name = (activation: Activation) => {
    const known = activationName(activation, dialect);
    if (known) return known;
    throw cannotWrite(layer, `has the function ${JSON.stringify(activation)}, which Keras does not have`);
  };
  if (resetAfter && dialect === "tfjs") {
    throw cannotWrite(
      layer,
      `is a GRU with reset: "after"; TensorFlow.js has only reset: "before"`,
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
