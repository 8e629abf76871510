import { FormatError, ShapeError } from "../../errors.ts";
import { Attributes } from "../format/attributes.ts";
import type { Compute } from "./operators/operator.ts";
import { OPERATORS } from "./operators/operators.ts";
import { decode } from "../format/protobuf.ts";
import { isRecurrent, type RecurrentForm, recurrentForm } from "./recurrent_node.ts";
import { type GraphMessage, MODEL, type ModelMessage, type NodeMessage, type ValueMessage } from "../format/schema.ts";
import { type ElementType, elementType, type OnnxTensor, readTensor } from "../format/tensor.ts";

/** An input or output of a model. */
export interface OnnxValue {
  /** Its name. */
  readonly name: string;
  /** The type of its elements. */
  readonly type: ElementType;
  /** Extents: numbers, names of those that a call decides, `"?"` for those without a name; undefined: any shape. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A node that can be run. */
export interface GraphNode {
  /** How errors name it. */
  readonly label: string;
  readonly operator: string;
  /** The version of the operators. */
  readonly opset: number;
  /** Names; `""` for those that are not there. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What a node around the recurrent ones computes. */
  readonly compute?: Compute;
  /** What a recurrent one does. */
  readonly recurrent?: RecurrentForm;
  /** The attributes once more, unread. */
  attributes(): Attributes;
}

/** A model as plain data: the nodes in an order in which they can run, without those that no output needs. */
export interface Graph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly nodes: readonly GraphNode[];
}

/** Before this version of the operators, recurrent ones had other inputs. */
const OLDEST = 7;

/**
 * Read a model.
 *
 * @throws {FormatError} When the bytes are no ONNX model, or one with operators that there are not here; all are named.
 */
export function readGraph(bytes: Uint8Array): Graph {
  const model = decode(MODEL, bytes) as unknown as ModelMessage, { graph } = model;
  if (!graph) throw new FormatError("Cannot read ONNX: the file has no graph");
  const opset = model.opset.find(({ domain = "" }) => isDefault(domain))?.version;
  if (opset === undefined || opset < OLDEST) {
    throw new FormatError(`Cannot read ONNX: expected operators of version ${OLDEST} or newer, got ${opset ?? "none"}`);
  }
  if (graph.sparse?.length) throw new FormatError("Cannot read ONNX: sparse initializers are not supported");
  requireKnown(graph);
  const constants = new Map<string, OnnxTensor>();
  for (const message of graph.initializer) {
    const name = message.name ?? "";
    constants.set(name, readTensor(`initializer "${name}"`, message));
  }
  const inputs = graph.input.map(readValue).filter(({ name }) => !constants.has(name));
  const nodes = graph.node.map((message) => readNode(message, opset));
  requireOrder(nodes, [...constants.keys(), ...inputs.map(({ name }) => name)], graph);
  return { inputs, outputs: graph.output.map(readValue), constants, nodes: needed(nodes, graph) };
}

function isDefault(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** Every operator must be one of ours. */
function requireKnown({ node }: GraphMessage): void {
  const unknown = new Map<string, string>();
  for (const message of node) {
    const { operator = "", domain = "" } = message;
    if (isDefault(domain) && (isRecurrent(operator) || Object.hasOwn(OPERATORS, operator))) continue;
    const name = isDefault(domain) ? operator : `${domain}.${operator}`;
    if (!unknown.has(name)) unknown.set(name, `${name} (${label(message)})`);
  }
  if (!unknown.size) return;
  throw new FormatError(`Cannot read ONNX: there are no such operators here: ${[...unknown.values()].join(", ")}`);
}

function label({ name, operator, output }: NodeMessage): string {
  return `node ${JSON.stringify(name || output.find((output) => output) || operator)}`;
}

function readNode(message: NodeMessage, opset: number): GraphNode {
  const { operator = "", input: inputs, output: outputs } = message, what = `${label(message)} (${operator})`;
  const attributes = () => new Attributes(what, message.attribute), own = attributes();
  const node = { label: what, operator, opset, inputs, outputs, attributes };
  if (isRecurrent(operator)) return { ...node, recurrent: recurrentForm(what, operator, own) };
  const prepared = OPERATORS[operator].prepare({ attributes: own, opset, outputs: outputs.length });
  own.requireAllRead();
  return { ...node, compute: (inputs) => namingNode(what, () => prepared(inputs)) };
}

/** Errors of the shapes within a node, with its name. */
export function namingNode<A>(label: string, run: () => A): A {
  try {
    return run();
  } catch (error) {
    throw named(label, error);
  }
}

/** The error with the name of the node where it came up. */
export function named(label: string, error: unknown): unknown {
  return error instanceof ShapeError ? new ShapeError(`Cannot run ${label}: ${error.message}`) : error;
}

/** Each value comes from one place, before it is read. */
function requireOrder(nodes: readonly GraphNode[], given: readonly string[], graph: GraphMessage): void {
  const there = new Set(given);
  for (const { label, inputs, outputs } of nodes) {
    const missing = inputs.find((name) => name && !there.has(name));
    if (missing) {
      throw new FormatError(`Cannot read ONNX: ${label} reads ${JSON.stringify(missing)}, which is not there`);
    }
    for (const name of outputs) {
      if (name && there.has(name)) {
        throw new FormatError(`Cannot read ONNX: ${label} writes ${JSON.stringify(name)}, which is there already`);
      }
      if (name) there.add(name);
    }
  }
  const lost = graph.output.find(({ name = "" }) => !there.has(name));
  if (lost) throw new FormatError(`Cannot read ONNX: no node writes the output ${JSON.stringify(lost.name)}`);
  if (!graph.output.length) throw new FormatError("Cannot read ONNX: the graph has no output");
}

/** The nodes whose outputs reach one of the graph. */
function needed(nodes: readonly GraphNode[], { output }: GraphMessage): GraphNode[] {
  const wanted = new Set(output.map(({ name }) => name)), kept: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => name && wanted.has(name))) continue;
    kept.unshift(node);
    node.inputs.forEach((name) => wanted.add(name));
  }
  return kept;
}

function readValue({ name = "", type }: ValueMessage): OnnxValue {
  const tensor = type?.tensor, what = `"${name}"`;
  if (!tensor) throw new FormatError(`Cannot read ONNX: ${what} must be a tensor`);
  const shape = tensor.shape?.dim.map(({ size, symbol }) => size ?? (symbol || "?"));
  return { name, type: elementType(what, tensor.element), shape };
}
