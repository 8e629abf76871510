import { FormatError, ShapeError } from "../../errors.ts";
import { Attributes } from "../format/attributes.ts";
import { spend } from "../format/budget.ts";
import type { ExternalFiles } from "../format/external.ts";
import { decode } from "../format/protobuf.ts";
import { refuseWrongExport } from "../format/wrong_export.ts";
import { type GraphMessage, MODEL, type ModelMessage, type NodeMessage, type ValueMessage } from "../format/schema.ts";
import { elementType, type OnnxTensor, readTensor } from "../format/tensor.ts";
import { isControl, readControl } from "./control.ts";
import { OPERATORS } from "./operators/operators.ts";
import { QUANTIZED_LSTM, withFloatWeights } from "./quantized_lstm.ts";
import type { Graph, GraphNode, OnnxValue, Subgraph } from "./graph_node.ts";
import { isRecurrent, readRecurrentNode } from "./recurrent_node.ts";

/** The oldest operator set: earlier recurrent operators have other inputs. */
const OLDEST = 7;

/**
 * Reads a model.
 *
 * @param files The files with the elements of its tensors.
 * @throws {FormatError} When the bytes are not an ONNX model, or the model has unsupported operators; all are named.
 */
export function readGraph(bytes: Uint8Array, files: ExternalFiles): Graph {
  const model = decode(MODEL, bytes) as unknown as ModelMessage;
  const { graph } = model;
  if (!graph) throw new FormatError("Cannot read ONNX: the file has no graph");
  const opset = model.opset.find(({ domain = "" }) => isDefault(domain))?.version;
  if (opset === undefined || opset < OLDEST) {
    throw new FormatError(`Cannot read ONNX: expected operators of version ${OLDEST} or newer, got ${opset ?? "none"}`);
  }
  requireSupported(graph);
  files.fill(graph);
  refuseWrongExport(graph);
  const own = readConstants(graph);
  const inputs = graph.input.map(readValue).filter(({ name }) => !own.has(name));
  const nodes = graph.node.flatMap((message) => readNode(message, opset));
  const initial = new Set([...own.keys(), ...inputs.map(({ name }) => name)]);
  requireOrder(nodes, initial, initial, graph);
  if (!graph.output.length) throw new FormatError("Cannot read ONNX: the graph has no output");
  const outputs = graph.output.map(readValue);
  return { inputs, outputs, constants: own, nodes: neededNodes(nodes, outputs.map(({ name }) => name)) };
}

function readConstants({ initializer }: GraphMessage): Map<string, OnnxTensor> {
  return new Map(initializer.map((message) => {
    const name = message.name ?? "";
    return [name, readTensor(`initializer "${name}"`, message)];
  }));
}

function isDefault(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** Requires that every operator is supported, in the graphs of branches too. */
function requireSupported(graph: GraphMessage): void {
  const unsupported = new Map<string, string>();
  findUnsupported(graph, unsupported);
  if (!unsupported.size) return;
  throw new FormatError(`Cannot read ONNX: these operators are not supported: ${[...unsupported.values()].join(", ")}`);
}

function findUnsupported({ node, sparse }: GraphMessage, unsupported: Map<string, string>): void {
  if (sparse?.length) throw new FormatError("Cannot read ONNX: sparse initializers are not supported");
  for (const message of node) {
    for (const { graph } of message.attribute) if (graph) findUnsupported(graph, unsupported);
    const name = nameOf(message);
    if (isRecurrent(name) || isControl(name) || name === QUANTIZED_LSTM || Object.hasOwn(OPERATORS, name)) continue;
    if (!unsupported.has(name)) unsupported.set(name, `${name} (${labelOf(message)})`);
  }
}

/** The name of an operator, with its domain when that is not ONNX. */
function nameOf({ operator = "", domain = "" }: NodeMessage): string {
  return isDefault(domain) ? operator : `${domain}.${operator}`;
}

function labelOf({ name, operator, output }: NodeMessage): string {
  return `node ${JSON.stringify(name || output.find((output) => output) || operator)}`;
}

function readNode(message: NodeMessage, opset: number): GraphNode[] {
  const name = nameOf(message);
  return name === QUANTIZED_LSTM
    ? withFloatWeights(message).flatMap((part) => readNode(part, opset))
    : [readSingle(message, name, opset)];
}

function readSingle(message: NodeMessage, operator: string, opset: number): GraphNode {
  const { input: inputs, output: outputs } = message;
  const label = `${labelOf(message)} (${operator})`;
  const attributes = () => new Attributes(label, message.attribute);
  const node = { label, operator, opset, inputs, outputs, attributes };
  const own = attributes();
  if (isRecurrent(operator)) return { ...node, recurrent: readRecurrentNode(label, operator, own) };
  if (isControl(operator)) {
    return { ...node, control: readControl(label, operator, opset, own, (graph) => readSubgraph(graph, opset)) };
  }
  const context = { attributes: own, opset, outputs: outputs.length };
  const compute = OPERATORS[operator].prepare(context);
  own.requireAllRead();
  const plan = OPERATORS[operator].plan?.({ ...context, attributes: attributes() });
  return { ...node, compute: (inputs) => runNamed(label, () => compute(inputs)), plan };
}

/** A graph that an attribute holds. */
function readSubgraph(message: GraphMessage, opset: number): Subgraph {
  const constants = readConstants(message), inputs = message.input.map(({ name = "" }) => name);
  const all = message.node.flatMap((node) => readNode(node, opset)),
    outputs = message.output.map(({ name = "" }) => name);
  const nodes = neededNodes(all, outputs), own = new Set([...constants.keys(), ...inputs]);
  const read = new Set([...nodes.flatMap(readBy), ...outputs]);
  for (const node of nodes) node.outputs.forEach((name) => own.add(name));
  return { constants, inputs, nodes, outputs, captures: [...read].filter((name) => name && !own.has(name)) };
}

/** The names of the values that a node reads, the graphs inside of it too. */
function readBy({ inputs, control }: Pick<GraphNode, "inputs" | "control">): string[] {
  return [...inputs, ...control?.graphs.flatMap(({ captures }) => captures) ?? []];
}

/** Runs the computation of a node. A `ShapeError` from it gets the name of the node. */
export function runNamed<A>(label: string, run: () => A): A {
  try {
    return run();
  } catch (error) {
    throw withNodeName(label, error);
  }
}

/** A `ShapeError` with the name of the node where it occurred; other errors, and one with a name, unchanged. */
export function withNodeName(label: string, error: unknown): unknown {
  const isBare = error instanceof ShapeError && !error.message.startsWith("Cannot run ");
  return isBare ? new ShapeError(`Cannot run ${label}: ${error.message}`) : error;
}

/**
 * Requires that each value is written once, before any node reads it, and that all outputs are written.
 *
 * @param known The values that exist before the first node.
 */
function requireOrder(
  nodes: readonly GraphNode[],
  known: ReadonlySet<string>,
  own: ReadonlySet<string>,
  graph: Pick<GraphMessage, "output">,
): void {
  const written = new Set(known), here = new Set(own);
  for (const node of nodes) {
    const { label, outputs } = node, missing = readBy(node).find((name) => name && !written.has(name));
    if (missing) {
      throw new FormatError(
        `Cannot read ONNX: ${label} reads ${JSON.stringify(missing)}, which no earlier node writes`,
      );
    }
    for (const graph of node.control?.graphs ?? []) requireInnerOrder(graph, written);
    for (const name of outputs) {
      if (name && here.has(name)) {
        throw new FormatError(`Cannot read ONNX: ${label} writes ${JSON.stringify(name)}, which exists already`);
      }
      if (name) here.add(name), written.add(name);
    }
  }
  const unwritten = graph.output.find(({ name = "" }) => !written.has(name));
  if (unwritten) throw new FormatError(`Cannot read ONNX: no node writes the output ${JSON.stringify(unwritten.name)}`);
}

function requireInnerOrder({ nodes, constants, inputs, outputs }: Subgraph, around: ReadonlySet<string>): void {
  spend(around.size);
  const own = new Set([...constants.keys(), ...inputs]);
  requireOrder(nodes, new Set([...around, ...own]), own, { output: outputs.map((name) => ({ name })) });
}

/** The nodes that some values depend on. */
function neededNodes(nodes: readonly GraphNode[], outputs: readonly string[]): GraphNode[] {
  const read = new Set(outputs);
  const needed: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => name && read.has(name))) continue;
    needed.push(node);
    readBy(node).forEach((name) => read.add(name));
  }
  return needed.reverse();
}

function readValue({ name = "", type }: ValueMessage): OnnxValue {
  const tensor = type?.tensor;
  const what = `"${name}"`;
  if (!name) throw new FormatError("Cannot read ONNX: an input or output has no name");
  if (!tensor) throw new FormatError(`Cannot read ONNX: ${what} must be a tensor`);
  const shape = tensor.shape?.dim.map(({ size, symbol }) => size ?? (symbol || "?"));
  return { name, type: elementType(what, tensor.element), shape };
}
