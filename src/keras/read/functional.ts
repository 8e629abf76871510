import type { JsonNode } from "../../formats/json.ts";
import { Config, type ReportFault } from "./config.ts";

/** Operations that Keras 3 lists beside the layers. They compute a mask from the input of an embedding or Masking. */
const MASK_OPERATIONS = ["NotEqual", "Any"];

/** An output of a layer: the layer, its call, and the number of the output. */
interface LayerOutput {
  readonly layer: string;
  readonly call: number;
  readonly index: number;
}

/**
 * The layers of a functional model from its input to its output. Each layer reads the layer before it.
 *
 * Faults are: a layer beside this path, a layer that is called twice or reads several tensors, several inputs, and
 * outputs of several layers. Two outputs of one layer are allowed, because Bidirectional without merge has two.
 */
export function modelChain(config: Config, layers: readonly Config[], fault: ReportFault): Config[] {
  const byName = new Map<string, Config>();
  for (const layer of layers) {
    const name = nameOf(layer);
    if (byName.has(name)) fault(`two layers are called ${JSON.stringify(name)}`);
    byName.set(name, layer);
  }
  const inputs = layerOutputs(config.value("input_layers"));
  const outputs = layerOutputs(config.value("output_layers"));
  if (inputs.length !== 1) fault(`a model must have one input, got ${inputs.length}`);
  const outputLayers = new Set(outputs.map(({ layer }) => layer));
  if (outputLayers.size !== 1) fault(`a model must have one output, got ${outputLayers.size}`);
  if (inputs.length !== 1 || outputLayers.size !== 1) return [];

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
  const beside = [...byName].flatMap(([name, layer]) => seen.has(name) || isMaskOperation(layer) ? [] : [name]);
  if (beside.length) fault(`layers beside the path from input to output: ${beside.join(", ")}`);
  return chain;
}

/** The output that a layer reads. The result is undefined, after a fault, unless it is exactly one. */
function inputOf(layer: Config, byName: ReadonlyMap<string, Config>, fault: ReportFault): LayerOutput | undefined {
  const calls = layer.value("inbound_nodes");
  const name = JSON.stringify(nameOf(layer));
  if (!Array.isArray(calls) || calls.length !== 1) {
    return void fault(`layer ${name} must be called once, got ${Array.isArray(calls) ? calls.length : "none"}`);
  }
  const call = calls[0].value instanceof Map ? new Config(calls[0].value, fault) : undefined;
  const read = call ? layerOutputs(call.value("args")) : layerOutputs(calls);
  const others = layerOutputs(call?.value("kwargs")).filter(({ layer }) => {
    const origin = byName.get(layer);
    return !origin || !isMaskOperation(origin);
  });
  if (read.length !== 1 || others.length) {
    return void fault(`layer ${name} must read one tensor, got ${read.length + others.length}`);
  }
  if (read[0].index || read[0].call) return void fault(`layer ${name} reads an output that is not the first`);
  return read[0];
}

/**
 * The layer outputs in a value. Keras 2 and TensorFlow.js write `["name", 0, 0]`, inside of lists. Keras 3 writes an
 * object `__keras_tensor__` whose `keras_history` is such a list.
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

function isMaskOperation(layer: Config): boolean {
  return MASK_OPERATIONS.includes(layer.text("class_name") ?? "");
}
