import { FormatError, ShapeError } from "../../errors.ts";
import { Attributes } from "../format/attributes.ts";
import type { ExternalFiles } from "../format/external.ts";
import { decode } from "../format/protobuf.ts";
import { refuseWrongExport } from "../format/wrong_export.ts";
import { type GraphMessage, MODEL, type ModelMessage, type NodeMessage, type ValueMessage } from "../format/schema.ts";
import { elementType, type OnnxElementType, type OnnxTensor, readTensor } from "../format/tensor.ts";
import type { Compute } from "./operators/operator.ts";
import { OPERATORS } from "./operators/operators.ts";
import { isRecurrent, readRecurrentNode, type RecurrentNode } from "./recurrent_node.ts";

/** An input or output of a model. */
export interface OnnxValue {
  /** The name. */
  readonly name: string;
  /** The element type. */
  readonly type: OnnxElementType;
  /**
   * The extent of each dimension: a number, the name of an extent that each call decides, or `"?"` for one without a
   * name. Undefined: any shape.
   */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A node: `compute` or `recurrent` says how it runs. */
export interface GraphNode {
  /** The name of the node in errors. */
  readonly label: string;
  readonly operator: string;
  /** The version of the operator set. */
  readonly opset: number;
  /** The names of the inputs; `""` for an absent optional input. */
  readonly inputs: readonly string[];
  /** The names of the outputs; `""` for an output that nobody reads. */
  readonly outputs: readonly string[];
  /** Computes the outputs of an operator that is not recurrent. */
  readonly compute?: Compute;
  /** The description of a recurrent operator. */
  readonly recurrent?: RecurrentNode;
  /** The attributes, all unread. */
  attributes(): Attributes;
}

/** A model as data. Nodes are in an order in which they can run. Nodes that no output needs are left out. */
export interface Graph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly nodes: readonly GraphNode[];
}

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
  if (graph.sparse?.length) throw new FormatError("Cannot read ONNX: sparse initializers are not supported");
  requireSupported(graph);
  files.fill(graph);
  refuseWrongExport(graph);
  const constants = new Map<string, OnnxTensor>();
  for (const message of graph.initializer) {
    const name = message.name ?? "";
    constants.set(name, readTensor(`initializer "${name}"`, message));
  }
  const inputs = graph.input.map(readValue).filter(({ name }) => !constants.has(name));
  const nodes = graph.node.map((message) => readNode(message, opset));
  requireOrder(nodes, [...constants.keys(), ...inputs.map(({ name }) => name)], graph);
  return { inputs, outputs: graph.output.map(readValue), constants, nodes: neededNodes(nodes, graph) };
}

function isDefault(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** Requires that every operator is supported. */
function requireSupported({ node }: GraphMessage): void {
  const unsupported = new Map<string, string>();
  for (const message of node) {
    const { operator = "", domain = "" } = message;
    if (isDefault(domain) && (isRecurrent(operator) || Object.hasOwn(OPERATORS, operator))) continue;
    const name = isDefault(domain) ? operator : `${domain}.${operator}`;
    if (!unsupported.has(name)) unsupported.set(name, `${name} (${labelOf(message)})`);
  }
  if (!unsupported.size) return;
  throw new FormatError(`Cannot read ONNX: these operators are not supported: ${[...unsupported.values()].join(", ")}`);
}

function labelOf({ name, operator, output }: NodeMessage): string {
  return `node ${JSON.stringify(name || output.find((output) => output) || operator)}`;
}

function readNode(message: NodeMessage, opset: number): GraphNode {
  const { operator = "", input: inputs, output: outputs } = message;
  const label = `${labelOf(message)} (${operator})`;
  const attributes = () => new Attributes(label, message.attribute);
  const node = { label, operator, opset, inputs, outputs, attributes };
  const own = attributes();
  if (isRecurrent(operator)) return { ...node, recurrent: readRecurrentNode(label, operator, own) };
  const compute = OPERATORS[operator].prepare({ attributes: own, opset, outputs: outputs.length });
  own.requireAllRead();
  return { ...node, compute: (inputs) => runNamed(label, () => compute(inputs)) };
}

/** Runs the computation of a node. A `ShapeError` from it gets the name of the node. */
export function runNamed<A>(label: string, run: () => A): A {
  try {
    return run();
  } catch (error) {
    throw withNodeName(label, error);
  }
}

/** A `ShapeError` with the name of the node where it occurred; other errors unchanged. */
export function withNodeName(label: string, error: unknown): unknown {
  return error instanceof ShapeError ? new ShapeError(`Cannot run ${label}: ${error.message}`) : error;
}

/** Requires that each value is written once, before any node reads it. */
function requireOrder(nodes: readonly GraphNode[], initial: readonly string[], graph: GraphMessage): void {
  const written = new Set(initial);
  for (const { label, inputs, outputs } of nodes) {
    const missing = inputs.find((name) => name && !written.has(name));
    if (missing) {
      throw new FormatError(
        `Cannot read ONNX: ${label} reads ${JSON.stringify(missing)}, which no earlier node writes`,
      );
    }
    for (const name of outputs) {
      if (name && written.has(name)) {
        throw new FormatError(`Cannot read ONNX: ${label} writes ${JSON.stringify(name)}, which exists already`);
      }
      if (name) written.add(name);
    }
  }
  const unwritten = graph.output.find(({ name = "" }) => !written.has(name));
  if (unwritten) throw new FormatError(`Cannot read ONNX: no node writes the output ${JSON.stringify(unwritten.name)}`);
  if (!graph.output.length) throw new FormatError("Cannot read ONNX: the graph has no output");
}

/** The nodes that an output of the graph depends on. */
function neededNodes(nodes: readonly GraphNode[], { output }: GraphMessage): GraphNode[] {
  const read = new Set(output.map(({ name }) => name));
  const needed: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => name && read.has(name))) continue;
    needed.push(node);
    node.inputs.forEach((name) => read.add(name));
  }
  return needed.reverse();
}

function readValue({ name = "", type }: ValueMessage): OnnxValue {
  const tensor = type?.tensor;
  const what = `"${name}"`;
  if (!tensor) throw new FormatError(`Cannot read ONNX: ${what} must be a tensor`);
  const shape = tensor.shape?.dim.map(({ size, symbol }) => size ?? (symbol || "?"));
  return { name, type: elementType(what, tensor.element), shape };
}
