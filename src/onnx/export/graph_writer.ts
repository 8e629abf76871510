import { encode } from "../format/protobuf.ts";
import {
  type AttributeMessage,
  type GraphMessage,
  MODEL,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from "../format/schema.ts";
import { type OnnxElementType, typeCode } from "../format/tensor.ts";

/** The operator set: the oldest with layer normalisation. Every onnxruntime since 1.12 supports it. */
const OPSET = 17;
/** The version of the file format that came with this operator set. */
const IR_VERSION = 8;

/** Builds a graph. Methods return the name of the value that they add. */
export class GraphWriter {
  #nodes: NodeMessage[] = [];
  readonly #constants = new Map<string, TensorMessage>();
  readonly #inputs: ValueMessage[] = [];
  readonly #outputs: ValueMessage[] = [];
  readonly #names = new Set<string>();

  /** Adds an input of the model. */
  input(name: string, type: OnnxElementType, shape: readonly (number | string)[]): string {
    this.#inputs.push(value(this.#reserve(name), type, shape));
    return name;
  }

  /** Makes the value `from` an output of the model called `name`: the last output or, with `first`, the first one. */
  output(name: string, from: string, shape: readonly (number | string)[], { first = false } = {}): void {
    this.#outputs.splice(first ? 0 : this.#outputs.length, 0, value(this.#reserve(name), "float", shape));
    this.#nodes.push({ operator: "Identity", input: [from], output: [name], attribute: [] });
  }

  /** Adds a float tensor to the file. */
  constant(name: string, shape: readonly number[], data: ArrayLike<number>): string {
    const floats = Float32Array.from(data), raw = new Uint8Array(floats.buffer);
    return this.#addTensor(this.#unusedName(name), "float", shape, raw);
  }

  /** An int64 list, such as axes or a shape, or an int64 scalar. Equal ones share one tensor of the file. */
  integers(data: readonly number[] | number): string {
    const list = typeof data === "number" ? [data] : data;
    const shape = typeof data === "number" ? [] : [list.length];
    const name = `int64 ${list}${list === data ? "" : " scalar"}`;
    const raw = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    return this.#constants.has(name) ? name : this.#addTensor(name, "int64", shape, raw);
  }

  /** A float scalar. Equal ones share one tensor of the file. */
  number(x: number): string {
    const name = `float ${x}`, raw = new Uint8Array(Float32Array.of(x).buffer);
    return this.#constants.has(name) ? name : this.#addTensor(name, "float", [], raw);
  }

  /** Adds a node with one output. The input `""` is an absent optional input. */
  node(operator: string, inputs: readonly string[], attributes: AttributeValues = {}): string {
    return this.nodes(operator, inputs, attributes, [""])[0];
  }

  /** Adds a node with several outputs. Each is named by the operator and its entry in `outputs`. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: AttributeValues,
    outputs: readonly string[],
  ): string[] {
    const name = this.#unusedName(operator), names = outputs.map((output) => output ? `${name} ${output}` : name);
    this.#nodes.push({ name, operator, input: [...inputs], output: names, attribute: attributeMessages(attributes) });
    return names;
  }

  /**
   * Encodes a graph inside of a node: its inputs, and what `write` makes of them. Constants belong to the model.
   *
   * @param inputs Names of the inputs. The value's name may have a number added.
   * @param write Adds nodes; returns the outputs.
   */
  body(
    name: string,
    inputs: readonly (readonly [name: string, type: OnnxElementType])[],
    write: (inputs: readonly string[]) => readonly string[],
  ): { readonly graph: GraphMessage } {
    const outer = this.#nodes,
      node: NodeMessage[] = this.#nodes = [],
      own = inputs.map(([name]) => this.#unusedName(name));
    const outputs = write(own).map((from) => this.node("Identity", [from]));
    this.#nodes = outer;
    const untyped = (name: string, element: OnnxElementType) => ({
      name,
      type: { tensor: { element: typeCode(element) } },
    });
    const message: GraphMessage = {
      name,
      node,
      initializer: [],
      input: own.map((name, i) => untyped(name, inputs[i][1])),
      output: outputs.map((name) => untyped(name, "float")),
    };
    return { graph: message };
  }

  /** Encodes the model. */
  finish(name: string): Uint8Array<ArrayBuffer> {
    const graph = {
      name,
      node: this.#nodes,
      initializer: [...this.#constants.values()],
      input: this.#inputs,
      output: this.#outputs,
    };
    const model = { irVersion: IR_VERSION, producer: "unroll", opset: [{ domain: "", version: OPSET }], graph };
    return encode(MODEL, model) as Uint8Array<ArrayBuffer>;
  }

  #addTensor(name: string, type: OnnxElementType, shape: readonly number[], raw: Uint8Array): string {
    this.#names.add(name);
    this.#constants.set(name, { ...EMPTY_TENSOR, name, dims: [...shape], type: typeCode(type), raw });
    return name;
  }

  /** A name that is not in use yet: `name`, or `name` and a number. */
  #unusedName(name: string): string {
    let fresh = name;
    for (let i = 2; this.#names.has(fresh); i++) fresh = `${name} ${i}`;
    this.#names.add(fresh);
    return fresh;
  }

  #reserve(name: string): string {
    if (this.#names.has(name)) throw new Error(`two values are called "${name}"`);
    this.#names.add(name);
    return name;
  }
}

const EMPTY_TENSOR = { floats: [], ints: [], longs: [], doubles: [], unsigned: [] };

function value(name: string, type: OnnxElementType, shape: readonly (number | string)[]): ValueMessage {
  const dim = shape.map((extent) => typeof extent === "number" ? { size: extent } : { symbol: extent });
  return { name, type: { tensor: { element: typeCode(type), shape: { dim } } } };
}

/** Attributes of a node by name. Numbers are integers unless wrapped as `real`; undefined ones are left out. */
export type AttributeValues = Readonly<
  Record<string, number | string | readonly number[] | readonly string[] | Real | Body | undefined>
>;

/** A floating point number, or a list of floating point numbers. */
interface Real {
  readonly real: number | readonly number[];
}

/** A graph inside of a node. */
interface Body {
  readonly graph: GraphMessage;
}

/** Attributes in the form of the file. */
export function attributeMessages(values: AttributeValues): AttributeMessage[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ ...EMPTY_ATTRIBUTE, name, ...attributeValue(value) }]
  );
}

const EMPTY_ATTRIBUTE = { floats: [], ints: [], texts: [] };

function attributeValue(value: NonNullable<AttributeValues[string]>): Partial<AttributeMessage> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "number") return { type: 2, int: value };
  if (typeof value === "string") return { type: 3, text: bytes(value) };
  if ("graph" in value) return { type: 5, graph: value.graph };
  if ("real" in value) {
    return typeof value.real === "number" ? { type: 1, float: value.real } : { type: 6, floats: [...value.real] };
  }
  const texts = value.filter((element) => typeof element === "string");
  return texts.length ? { type: 8, texts: texts.map(bytes) } : { type: 7, ints: value as number[] };
}
