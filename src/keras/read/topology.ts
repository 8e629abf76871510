import type { JsonNode } from "../../formats/json.ts";
import type { Dialect } from "../activations.ts";
import { Config, describeValue, extents, type Faults, type ReportFault } from "./config.ts";
import { modelChain } from "./functional.ts";
import { readLayer } from "./layer.ts";
import type { ModelLayer, ModelSpec } from "../spec.ts";

/** Classes that hold layers. */
const MODELS = ["Sequential", "Functional", "Model"];

/** Models in models: deep enough for any honest one. */
const MAX_DEPTH = 8;

/**
 * The layers of a model's configuration, `{"class_name": "Sequential", "config": {...}}`, in the order in which they are run: of a
 * sequential model, or of a functional one in which each layer reads the one before it.
 */
export function readTopology(json: JsonNode, dialect: Dialect, faults: Faults): ModelSpec {
  const root = json.value instanceof Map ? new Config(json.value, faults.add) : undefined;
  const className = root?.text("class_name") ?? "";
  if (!root || !MODELS.includes(className)) {
    faults.add(
      `the model must be of class Sequential or Functional, got ${describeValue(root ? className : json.value)}`,
    );
    return { dialect, name: "", layers: [] };
  }
  const reader = new Reader(dialect, faults);
  const layers = reader.model(root, "", 0);
  const name = root.child("config")?.text("name") ?? "";
  return { dialect, name, input: reader.input, layers };
}

class Reader {
  readonly #dialect: Dialect;
  readonly #faults: Faults;
  /** Extents of the first input that says some. */
  input: readonly (number | undefined)[] | undefined;

  constructor(dialect: Dialect, faults: Faults) {
    this.#dialect = dialect;
    this.#faults = faults;
  }

  /** The layers of a model, whose own variables stand under `path`. */
  model(model: Config, path: string, depth: number): ModelLayer[] {
    if (depth > MAX_DEPTH) return this.#faults.add(`models in models nest deeper than ${MAX_DEPTH}`), [];
    const config = model.child("config"), own = `${path}layers/`;
    // The oldest files have the list itself in place of an object that holds it.
    const all = config ? config.children("layers") : model.children("config"), counts = new Map<string, number>();
    const placed = all.map((layer) => {
      const name = snake(layer.text("class_name") ?? ""), count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return { layer, path: own + (count ? `${name}_${count}` : name) };
    });
    const functional = config && model.text("class_name") !== "Sequential";
    const order = functional ? modelChain(config, all, this.#faults.add) : all;
    return order.flatMap((layer) => this.#layer(layer, placed.find((one) => one.layer === layer)!.path, depth));
  }

  #layer(layer: Config, path: string, depth: number): ModelLayer[] {
    const className = layer.text("class_name") ?? "", members = layer.value("config");
    const called = new Config(members instanceof Map ? members : new Map(), () => {}).text("name") ?? "";
    const fault: ReportFault = (reason) =>
      this.#faults.add(`layer ${JSON.stringify(called)} (${className}): ${reason}`);
    const module = layer.text("module"), registered = layer.text("registered_name");
    if ((module && !/^keras\b/.test(module)) || registered?.includes(">")) {
      fault("it is a class of the user's own");
      return [];
    }
    if (MODELS.includes(className)) return this.model(layer, `${path}/`, depth + 1);
    if (!(members instanceof Map)) return fault(`"config" must be an object, got ${describeValue(members)}`), [];
    const config = new Config(members, fault);
    this.#requirePrecision(config);
    this.input ??= inputExtents(config);
    const trainable = config.boolean("trainable", true);
    return readLayer(className, config, this.#dialect).map((spec) => ({ spec, path, trainable }));
  }

  /** Weights may be of half precision, but not of integers. */
  #requirePrecision(config: Config): void {
    const policy = config.child("dtype")?.child("config")?.text("name") ?? "";
    if (/int|float8/.test(policy)) config.fault(`the precision ${JSON.stringify(policy)} is not supported`);
  }
}

/** What an input layer, or the first layer, says of the input, without its batch. */
function inputExtents(config: Config): readonly (number | undefined)[] | undefined {
  const key = ["batch_shape", "batch_input_shape"].find((key) => config.value(key) !== undefined);
  if (!key) return undefined;
  const shape = extents(config.value(key));
  if (!shape?.length) config.fault(`"${key}" must be a list of integers >= 1, the first of them null`);
  return shape?.slice(1);
}

/** A class's name as Keras 3 writes it in paths: `simple_rnn`, `time_distributed`. */
export function snake(className: string): string {
  const words = className.replaceAll(/\W+/g, "").replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2");
  return words.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}
