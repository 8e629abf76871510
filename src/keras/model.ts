import { OptionError, ShapeError } from "../errors.ts";
import type { JsonNode } from "../formats/json.ts";
import { exp, sigmoid } from "../kernels/real.ts";
import type { Layer } from "../layers/layer.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import type { Dialect } from "./activations.ts";
import { Faults } from "./read/config.ts";
import { assemble, type AssembledModel, type Head } from "./read/net.ts";
import { lengthsOf, type Padding, type PostPadded, postPadRows } from "./read/padding.ts";
import { readTopology } from "./read/topology.ts";
import type { ModelSpec } from "./spec.ts";
import type { VariableSource } from "./variables.ts";

/**
 * A model of Keras or TensorFlow.js as layers that can be trained. Pass `layer` to `compile` and `parameters` to
 * `setParameters`. With the option `batchFirst`, inputs and outputs are `[batch, T, ...]`, as in Keras.
 *
 * Layers keep their names. A softmax or sigmoid at the end is not part of the net, because losses expect the values
 * before it; `predictions` applies it.
 *
 * Lengths replace masks. `lengths` finds the lengths of rows whose padding comes last. `postPadded` moves other padding
 * to the end of its row. Behind the length of a row, outputs of the net are zero; in Keras they repeat the last output.
 */
export interface KerasModel {
  /** The name of the model. */
  readonly name: string;
  /** The net. */
  readonly layer: Layer;
  /** The parameters of the net. */
  readonly parameters: Map<string, TensorCopy>;
  /** The function at the end of the model that is not part of the net. */
  readonly head: Head | undefined;
  /** The option of `compile` that gives inputs and outputs the layout of the model. */
  readonly batchFirst: true;
  /** Whether each batch begins with the final states of the batch before it: `states: "carry"` in a call. */
  readonly stateful: boolean;
  /** The parameters that are not trained: the option `frozen` of `compile`. */
  readonly frozen: readonly string[];
  /** The padding in an input: a token, or the value of all elements of a step. Undefined when the model has no mask. */
  readonly padding: number | undefined;

  /**
   * The lengths of rows whose padding comes last, for the calls of a session. They have the effect of the model's mask.
   * Undefined when the model has no mask.
   *
   * @param x Tokens `[batch, T]`, or values `[batch, T, width]`.
   * @throws {ShapeError} When a row has padding before its last step, or consists of padding only.
   */
  lengths(x: ArrayLike<number>, batch: number): Int32Array | undefined;

  /**
   * An input with all padding moved to the end of its row, and the lengths of the rows. A masked step is left out, so
   * the last outputs stay the same. Outputs of single steps move with their steps.
   *
   * @param x Tokens `[batch, T]`, or values `[batch, T, width]`.
   * @throws {ShapeError} When the model has no mask, or a row consists of padding only.
   */
  postPadded(x: ArrayLike<number>, batch: number): PostPadded;

  /** The outputs of the model from the outputs of the net: the softmax of each row, the sigmoid, or a copy. */
  predictions(output: Float32Array): Float32Array;
}

/**
 * The model of a configuration and its variables.
 *
 * @throws {FormatError} When parts of the model are not supported or do not fit; the message lists all of them.
 */
export function readModel(config: JsonNode, dialect: Dialect, source: VariableSource): KerasModel {
  const faults = new Faults("import the model");
  const spec = readTopology(config, dialect, faults);
  return new ImportedModel(spec, assemble(spec, source, faults));
}

/**
 * The same model with other variables.
 *
 * @throws {FormatError} When the variables do not fit; the message lists all differences.
 * @throws {OptionError} When the model is not the result of a read function.
 */
export function withVariables(model: KerasModel, source: VariableSource): KerasModel {
  if (!(model instanceof ImportedModel)) throw new OptionError('"model" must be the result of a read function');
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

  constructor(spec: ModelSpec, { net, parameters, layers, head, padding }: AssembledModel) {
    this.spec = spec;
    this.#padding = padding;
    this.name = spec.name;
    this.layer = net;
    this.parameters = parameters;
    this.head = head;
    this.stateful = spec.layers.some(({ spec }) => spec.kind === "recurrent" && spec.stateful);
    const frozen = new Set(layers.filter(({ trainable }) => !trainable).flatMap(({ names }) => names));
    this.frozen = [...parameters.keys()].filter((name) => frozen.has(name.split(".", 1)[0]));
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

/** The softmax of each row of `width` elements. */
function softmaxRows(output: Float32Array, width: number): Float32Array {
  const result = new Float32Array(output.length);
  for (let at = 0; at < output.length; at += width) {
    const row = output.subarray(at, at + width);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = Float64Array.from(row, (x) => exp(x - largest));
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, i) => result[at + i] = power / sum);
  }
  return result;
}
