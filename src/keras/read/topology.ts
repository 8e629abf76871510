import type { JsonNode } from "../../formats/json.ts";
import type { Dialect } from "../activations.ts";
import type { ModelLayer, ModelSpec } from "../spec.ts";
import { snakeCase } from "../variables.ts";
import { Config, describeValue, extents, type Faults, type ReportFault } from "./config.ts";
import { modelChain } from "./functional.ts";
import { readLayer } from "./layer.ts";
import { isPassedOver } from "./passed_over.ts";

/** The classes that hold layers. */
const MODELS = ["Sequential", "Functional", "Model"];

/** The maximum depth of models in models. */
const MAX_DEPTH = 8;

/**
 * Reads the configuration of a model, `{"class_name": "Sequential", "config": {...}}`: its layers in the order in which
 * they run. A functional model must be a chain in which each layer reads the layer before it.
 */
export function readTopology(json: JsonNode, dialect: Dialect, faults: Faults): ModelSpec {
  const root = json.value instanceof Map ? new Config(json.value, faults.add) : undefined;
  const className = root?.text("class_name") ?? "";
  if (!root || !MODELS.includes(className)) {
    const actual = describeValue(root ? className : json.value);
    faults.add(`the model must be of class Sequential or Functional, got ${actual}`);
    return { dialect, name: "", layers: [] };
  }
  const reader = new TopologyReader(dialect, faults);
  const layers = reader.model(root, "", 0);
  const name = root.child("config")?.text("name") ?? "";
  return { dialect, name, input: reader.input, layers };
}

class TopologyReader {
  readonly #dialect: Dialect;
  readonly #faults: Faults;
  /** Whether the layer before has steps with a mask. */
  #isMasked = false;
  /** The extents of the first layer that gives an input shape. */
  input: readonly (number | undefined)[] | undefined;

  constructor(dialect: Dialect, faults: Faults) {
    this.#dialect = dialect;
    this.#faults = faults;
  }

  /**
   * The layers of a model.
   *
   * @param path The place of the model's variables in a file of Keras 3.
   */
  model(model: Config, path: string, depth: number): ModelLayer[] {
    if (depth > MAX_DEPTH) return this.#faults.add(`models in models nest deeper than ${MAX_DEPTH}`), [];
    const config = model.child("config");
    // In the oldest files `config` is the list of layers itself.
    const layers = config ? config.children("layers") : model.children("config");
    const counts = new Map<string, number>();
    const paths = new Map(layers.map((layer) => {
      const name = snakeCase(layer.text("class_name") ?? "");
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return [layer, `${path}layers/${count ? `${name}_${count}` : name}`];
    }));
    const isFunctional = config && model.text("class_name") !== "Sequential";
    const order = isFunctional ? modelChain(config, layers, this.#faults.add) : layers;
    return order.flatMap((layer) => this.#layer(layer, paths.get(layer)!, depth));
  }

  #layer(layer: Config, path: string, depth: number): ModelLayer[] {
    const className = layer.text("class_name") ?? "";
    const members = layer.value("config");
    const name = new Config(members instanceof Map ? members : new Map(), () => {}).text("name") ?? "";
    const fault: ReportFault = (reason) => this.#faults.add(`layer ${JSON.stringify(name)} (${className}): ${reason}`);
    const module = layer.text("module"), registered = layer.text("registered_name");
    if ((module && !/^keras\b/.test(module)) || registered?.includes(">")) {
      fault("custom classes are not supported");
      return [];
    }
    if (MODELS.includes(className)) return this.model(layer, `${path}/`, depth + 1);
    if (!(members instanceof Map)) return fault(`"config" must be an object, got ${describeValue(members)}`), [];
    const config = new Config(members, fault);
    requireFloats(config);
    this.input ??= inputExtents(config);
    if (isPassedOver(className, config, this.#isMasked)) return [];
    const trainable = config.boolean("trainable", true);
    const specs = readLayer(className, config, this.#dialect);
    for (const spec of specs) {
      if (spec.kind === "masking" || (spec.kind === "embedding" && spec.maskZero)) this.#isMasked = true;
      if (spec.kind === "pool" || (spec.kind === "recurrent" && !spec.sequences)) this.#isMasked = false;
    }
    return specs.map((spec) => ({ spec, path, trainable }));
  }
}

/** Reports weights of integers and of 8-bit floats. Half precision is supported. */
function requireFloats(config: Config): void {
  const policy = config.child("dtype")?.child("config")?.text("name") ?? "";
  if (/int|float8/.test(policy)) config.fault(`the precision ${JSON.stringify(policy)} is not supported`);
}

/** The extents of the input that an input layer or the first layer gives, without the batch. */
function inputExtents(config: Config): readonly (number | undefined)[] | undefined {
  const key = ["batch_shape", "batch_input_shape"].find((key) => config.value(key) !== undefined);
  if (!key) return undefined;
  const shape = extents(config.value(key));
  if (!shape?.length) config.fault(`"${key}" must be a list of integers >= 1, the first of them null`);
  return shape?.slice(1);
}
