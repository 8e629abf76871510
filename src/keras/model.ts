import { OptionError, ShapeError } from "../errors.ts";
import type { JsonNode } from "../formats/json.ts";
import { exp, sigmoid } from "../kernels/real.ts";
import type { Layer } from "../layers/layer.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import type { Dialect } from "./activations.ts";
import { assemble, type AssembledModel, type Head } from "./read/net.ts";
import { lengthsOf, type Padding, type PostPadded, postPadRows } from "./read/padding.ts";
import type { ModelSpec } from "./spec.ts";
import { Faults } from "./read/config.ts";
import { readTopology } from "./read/topology.ts";
import type { VariableSource } from "./variables.ts";

/**
 * A model of Keras or TensorFlow.js as layers of ours that can be trained. `layer` and `parameters` are for `compile` and
 * `setParameters`; inputs and outputs are `[batch, T, ...]`, as there, with the option `batchFirst`.
 *
 * Layers have their names from there. A softmax or sigmoid at the end is not in the net, since losses take what comes before it;
 * `predictions` applies it. What masks do there, lengths do here: `lengths` finds them in an input whose padding lies behind each
 * row's own steps, `packed` moves other padding there. Outputs behind a row's length are zero here; there they repeat the last one.
 */
export interface KerasModel {
  /** The model's own name. */
  readonly name: string;
  /** The net. */
  readonly layer: Layer;
  /** Its parameters. */
  readonly parameters: Map<string, TensorCopy>;
  /** The function at the end of the model that is not in the net. */
  readonly head: Head | undefined;
  /** The option of `compile` with which inputs and outputs are as there. */
  readonly batchFirst: true;
  /** Whether each batch begins with the states that the one before it left: `states: "carry"` of a call. */
  readonly stateful: boolean;
  /** The parameters that are not to be trained: the option `frozen` of `compile`. */
  readonly frozen: readonly string[];
  /** What padding is in the input: a token, or what all elements of a step are; undefined when the model has no mask. */
  readonly padding: number | undefined;

  /**
   * The lengths of rows whose padding lies behind their own steps: what a call of the net wants for what a mask does there.
   * Undefined when the model has no mask.
   *
   * @param x `[batch, T]` tokens, or `[batch, T, width]`.
   * @throws {ShapeError} When padding lies before a step, or a row has nothing else.
   */
  lengths(x: ArrayLike<number>, batch: number): Int32Array | undefined;

  /**
   * The input with all padding moved behind each row's own steps, and lengths: a masked step is one that is left out, so last
   * outputs are the same, and so are those of steps, which have moved likewise.
   *
   * @param x `[batch, T]` tokens, or `[batch, T, width]`.
   * @throws {ShapeError} When the model has no mask, or a row nothing but padding.
   */
  postPadded(x: ArrayLike<number>, batch: number): PostPadded;

  /** The model's outputs, of those of the net: softmax of each row, or sigmoid of each element, where the model ends with it. */
  predictions(output: Float32Array): Float32Array;
}

/**
 * The model of a configuration and variables.
 *
 * @throws {FormatError} When something in it is not supported or does not fit, with all that does not.
 */
export function readModel(config: JsonNode, dialect: Dialect, source: VariableSource): KerasModel {
  const faults = new Faults("import the model"), spec = readTopology(config, dialect, faults);
  return new ImportedModel(spec, assemble(spec, source, faults));
}

/**
 * The same model with the variables of a source.
 *
 * @throws {FormatError} When they do not fit, with all differences.
 */
export function withVariables(model: KerasModel, source: VariableSource): KerasModel {
  if (!(model instanceof ImportedModel)) throw new OptionError(`"model" must be one that was read`);
  return new ImportedModel(model.spec, assemble(model.spec, source, new Faults("read the variables")));
}

class ImportedModel implements KerasModel {
  readonly spec: ModelSpec;
  readonly #padding: Padding | undefined;
  readonly name: string;
  readonly layer: Layer;
  readonly parameters: Map<string, TensorCopy>;
  readonly head: Head | undefined;
  readonly batchFirst = true;
  readonly stateful: boolean;
  readonly frozen: readonly string[];

  constructor(spec: ModelSpec, { layer, parameters, layers: placed, head, padding }: AssembledModel) {
    this.spec = spec;
    this.#padding = padding;
    this.name = spec.name;
    this.layer = layer;
    this.parameters = parameters;
    this.head = head;
    this.stateful = spec.layers.some(({ spec }) => spec.kind === "recurrent" && spec.stateful);
    const still = placed.filter(({ trainable }) => !trainable).flatMap(({ names: keys }) => keys);
    this.frozen = [...parameters.keys()].filter((name) => still.some((key) => name.startsWith(`${key}.`)));
  }

  get padding(): number | undefined {
    return this.#padding?.value;
  }

  lengths(x: ArrayLike<number>, batch: number): Int32Array | undefined {
    return this.#padding && lengthsOf(x, batch, this.#padding);
  }

  postPadded(x: ArrayLike<number>, batch: number): PostPadded {
    if (!this.#padding) throw new ShapeError("Cannot move padding: the model has no mask, so it has no padding");
    return postPadRows(x, batch, this.#padding);
  }

  predictions(output: Float32Array): Float32Array {
    if (this.head === "softmax") return softmaxRows(output, this.layer.output.width);
    return this.head === "sigmoid" ? output.map(sigmoid) : output.slice();
  }
}

function softmaxRows(output: Float32Array, width: number): Float32Array {
  const result = new Float32Array(output.length);
  for (let at = 0; at < output.length; at += width) {
    const row = output.subarray(at, at + width), largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = Float64Array.from(row, (x) => exp(x - largest)), sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, i) => result[at + i] = power / sum);
  }
  return result;
}
