/**
 * The messages of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), with the fields that nets need.
 */
import type { Schema } from "./protobuf.ts";

const ENTRY = { 1: { name: "key", kind: "text" }, 2: { name: "value", kind: "text" } } as const satisfies Schema;

/** The fields of `TensorMessage`. */
export const TENSOR = {
  1: { name: "dims", kind: "integer", many: true },
  2: { name: "type", kind: "integer" },
  4: { name: "floats", kind: "float", many: true },
  5: { name: "ints", kind: "integer", many: true },
  7: { name: "longs", kind: "integer", many: true },
  8: { name: "name", kind: "text" },
  9: { name: "raw", kind: "bytes" },
  10: { name: "doubles", kind: "double", many: true },
  11: { name: "unsigned", kind: "integer", many: true },
  13: { name: "external", kind: ENTRY, many: true },
  14: { name: "location", kind: "integer" },
} as const satisfies Schema;

/** TensorProto: a tensor with its elements, in a typed list or as raw bytes. */
export interface TensorMessage {
  dims: number[];
  type?: number;
  floats: number[];
  ints: number[];
  longs: number[];
  name?: string;
  raw?: Uint8Array;
  doubles: number[];
  unsigned: number[];
  /** Where the elements are in another file: its `location`, the `offset` and the `length` in bytes. */
  external?: { key?: string; value?: string }[];
  /** 1: the elements are in another file. */
  location?: number;
}

const ATTRIBUTE = {
  1: { name: "name", kind: "text" },
  2: { name: "float", kind: "float" },
  3: { name: "int", kind: "integer" },
  4: { name: "text", kind: "bytes" },
  5: { name: "tensor", kind: TENSOR },
  6: { name: "graph", kind: () => GRAPH },
  7: { name: "floats", kind: "float", many: true },
  8: { name: "ints", kind: "integer", many: true },
  9: { name: "texts", kind: "bytes", many: true },
  20: { name: "type", kind: "integer" },
} as const satisfies Schema;

/** AttributeProto: one value, in the field that `type` selects. */
export interface AttributeMessage {
  name?: string;
  float?: number;
  int?: number;
  text?: Uint8Array;
  tensor?: TensorMessage;
  graph?: GraphMessage;
  floats: number[];
  ints: number[];
  texts: Uint8Array[];
  type?: number;
}

const NODE = {
  1: { name: "input", kind: "text", many: true },
  2: { name: "output", kind: "text", many: true },
  3: { name: "name", kind: "text" },
  4: { name: "operator", kind: "text" },
  5: { name: "attribute", kind: ATTRIBUTE, many: true },
  7: { name: "domain", kind: "text" },
} as const satisfies Schema;

/** NodeProto: an operator with the names of its inputs and outputs. An absent optional one has the name `""`. */
export interface NodeMessage {
  input: string[];
  output: string[];
  name?: string;
  operator?: string;
  attribute: AttributeMessage[];
  domain?: string;
}

const DIMENSION = {
  1: { name: "size", kind: "integer" },
  2: { name: "symbol", kind: "text" },
} as const satisfies Schema;
const SHAPE = { 1: { name: "dim", kind: DIMENSION, many: true } } as const satisfies Schema;
const TENSOR_TYPE = {
  1: { name: "element", kind: "integer" },
  2: { name: "shape", kind: SHAPE },
} as const satisfies Schema;
const TYPE = { 1: { name: "tensor", kind: TENSOR_TYPE } } as const satisfies Schema;
const VALUE = { 1: { name: "name", kind: "text" }, 2: { name: "type", kind: TYPE } } as const satisfies Schema;

/** ValueInfoProto: the name and type of an input or output of the graph. */
export interface ValueMessage {
  name?: string;
  type?: { tensor?: { element?: number; shape?: { dim: { size?: number; symbol?: string }[] } } };
}

const GRAPH: Schema = {
  1: { name: "node", kind: NODE, many: true },
  2: { name: "name", kind: "text" },
  5: { name: "initializer", kind: TENSOR, many: true },
  11: { name: "input", kind: VALUE, many: true },
  12: { name: "output", kind: VALUE, many: true },
  15: { name: "sparse", kind: "bytes", many: true },
};

/** GraphProto: nodes in the order in which they run. */
export interface GraphMessage {
  node: NodeMessage[];
  name?: string;
  initializer: TensorMessage[];
  input: ValueMessage[];
  output: ValueMessage[];
  /** Sparse initializers, which are refused. */
  sparse?: Uint8Array[];
}

const OPSET = {
  1: { name: "domain", kind: "text" },
  2: { name: "version", kind: "integer" },
} as const satisfies Schema;

/** ModelProto: a graph and the version of its operators. */
export interface ModelMessage {
  irVersion?: number;
  producer?: string;
  graph?: GraphMessage;
  opset: { domain?: string; version?: number }[];
}

/** The fields of `ModelMessage`. */
export const MODEL: Schema = {
  1: { name: "irVersion", kind: "integer" },
  2: { name: "producer", kind: "text" },
  7: { name: "graph", kind: GRAPH },
  8: { name: "opset", kind: OPSET, many: true },
};
