import type { JsonNode } from "../../formats/json.ts";
import { Config, type ReportFault } from "./config.ts";

/** Operations that Keras 3 writes down beside the layers, to make a mask of what an embedding or Masking reads. */
const MASKS = ["NotEqual", "Any"];

/** A tensor: the layer that it comes from, and which of its outputs it is. */
interface LayerOutput {
  readonly layer: string;
  readonly call: number;
  readonly index: number;
}

/**
 * The layers of a functional model from input to output, each reading the one before it.
 *
 * A fault is a layer beside this path, one that is used twice or reads several tensors, and several inputs or outputs; two outputs
 * of one layer are what Bidirectional without merging gives.
 */
export function modelChain(config: Config, layers: readonly Config[], fault: ReportFault): Config[] {
  const byName = new Map<string, Config>();
  for (const layer of layers) {
    const name = nameOf(layer);
    if (byName.has(name)) fault(`two layers are called ${JSON.stringify(name)}`);
    byName.set(name, layer);
  }
  const inputs = layerOutputs(config.value("input_layers")), outputs = layerOutputs(config.value("output_layers"));
  if (inputs.length !== 1) fault(`a model must have one input, got ${inputs.length}`);
  const parts = new Set(outputs.map(({ layer }) => layer));
  if (parts.size !== 1) fault(`a model must have one output, got ${parts.size}`);
  if (inputs.length !== 1 || parts.size !== 1) return [];

  const chain: Config[] = [], seen = new Set<string>();
  for (let name = outputs[0].layer;;) {
    const layer = byName.get(name);
    if (!layer || seen.has(name)) {
      fault(
        `there is no path from the output to the input: ${JSON.stringify(name)} is ${layer ? "read twice" : "missing"}`,
      );
      return [];
    }
    seen.add(name);
    chain.unshift(layer);
    if (name === inputs[0].layer) break;
    const read = inputOf(layer, byName, fault);
    if (!read) return [];
    name = read.layer;
  }
  const beside = [...byName.keys()].filter((name) => !seen.has(name) && !MASKS.includes(className(byName.get(name)!)));
  if (beside.length) fault(`layers beside the path from input to output: ${beside.join(", ")}`);
  return chain;
}

/** The one tensor that a layer reads. */
function inputOf(layer: Config, byName: ReadonlyMap<string, Config>, fault: ReportFault): LayerOutput | undefined {
  const calls = layer.value("inbound_nodes"), name = JSON.stringify(nameOf(layer));
  if (!Array.isArray(calls) || calls.length !== 1) {
    return void fault(`layer ${name} must be called once, got ${Array.isArray(calls) ? calls.length : "none"}`);
  }
  const call = calls[0].value instanceof Map ? new Config(calls[0].value, fault) : undefined;
  const read = call ? layerOutputs(call.value("args")) : layerOutputs(calls);
  const others = layerOutputs(call?.value("kwargs")).filter(({ layer }) => {
    const origin = byName.get(layer);
    return !origin || !MASKS.includes(className(origin));
  });
  if (read.length !== 1 || others.length) {
    return void fault(`layer ${name} must read one tensor, got ${read.length + others.length}`);
  }
  if (read[0].index || read[0].call) return void fault(`layer ${name} reads an output that is not the first`);
  return read[0];
}

/**
 * The tensors of a value. Keras 2 and TensorFlow.js write `["name", 0, 0]`, in lists of lists; Keras 3 an object
 * `__keras_tensor__` that holds the same as its history.
 */
function layerOutputs(value: JsonNode["value"] | undefined): LayerOutput[] {
  if (Array.isArray(value)) {
    const [layer, call, index] = value.map((node) => node.value);
    if (typeof layer === "string" && typeof call === "number" && typeof index === "number") {
      return [{ layer, call, index }];
    }
    return value.flatMap((node) => layerOutputs(node.value));
  }
  if (!(value instanceof Map)) return [];
  if (value.get("class_name")?.value !== "__keras_tensor__") {
    return [...value.values()].flatMap((node) => layerOutputs(node.value));
  }
  const config = value.get("config")?.value;
  return config instanceof Map ? layerOutputs(config.get("keras_history")?.value) : [];
}

function nameOf(layer: Config): string {
  return layer.text("name") ?? layer.child("config")?.text("name") ?? "";
}

function className(layer: Config): string {
  return layer.text("class_name") ?? "";
}
