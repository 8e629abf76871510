import { encode } from "../format/protobuf.ts";
import {
  type AttributeMessage,
  MODEL,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from "../format/schema.ts";
import { type ElementType, typeCode } from "../format/tensor.ts";

/** The operators' version: the oldest with layer normalisation, which every onnxruntime since 1.12 knows. */
const OPSET = 17;
/** That of the file format, which came with these operators. */
const IR_VERSION = 8;

/** A graph while it is written. Values are known by their names, which are made here unless they are given. */
export class GraphWriter {
  readonly #nodes: NodeMessage[] = [];
  readonly #constants = new Map<string, TensorMessage>();
  readonly #inputs: ValueMessage[] = [];
  readonly #outputs: ValueMessage[] = [];
  readonly #names = new Set<string>();

  /** An input of the model. */
  input(name: string, type: ElementType, shape: readonly (number | string)[]): string {
    this.#inputs.push(value(this.#own(name), type, shape));
    return name;
  }

  /** Makes a value an output of the model, under a name of its own, behind those that there are or before them. */
  output(name: string, from: string, shape: readonly (number | string)[], { first = false } = {}): void {
    this.#outputs.splice(first ? 0 : this.#outputs.length, 0, value(this.#own(name), "float", shape));
    this.#nodes.push({ operator: "Identity", input: [from], output: [name], attribute: [] });
  }

  /** A tensor of the file. */
  constant(name: string, shape: readonly number[], data: ArrayLike<number>): string {
    const floats = Float32Array.from(data), raw = new Uint8Array(floats.buffer);
    return this.#keep(this.#fresh(name), "float", shape, raw);
  }

  /** Whole numbers: axes, shapes. Those that are the same are one tensor. */
  integers(data: readonly number[] | number): string {
    const list = typeof data === "number" ? [data] : data, shape = typeof data === "number" ? [] : [list.length];
    const name = `int64 ${list}${list === data ? "" : " scalar"}`,
      raw = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    return this.#constants.has(name) ? name : this.#keep(name, "int64", shape, raw);
  }

  /** A number. */
  number(x: number): string {
    const name = `float ${x}`, raw = new Uint8Array(Float32Array.of(x).buffer);
    return this.#constants.has(name) ? name : this.#keep(name, "float", [], raw);
  }

  /** A node with one output, which is returned. `""` stands for an input that is not there. */
  node(operator: string, inputs: readonly string[], attributes: AttributeValues = {}): string {
    return this.nodes(operator, inputs, attributes, [""])[0];
  }

  /** A node with several outputs, named by what is behind the operator's name. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: AttributeValues,
    outputs: readonly string[],
  ): string[] {
    const name = this.#fresh(operator), names = outputs.map((output) => output ? `${name} ${output}` : name);
    this.#nodes.push({ name, operator, input: [...inputs], output: names, attribute: attributeMessages(attributes) });
    return names;
  }

  /** The bytes of the model. */
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

  #keep(name: string, type: ElementType, shape: readonly number[], raw: Uint8Array): string {
    this.#names.add(name);
    this.#constants.set(name, { ...EMPTY, name, dims: [...shape], type: typeCode(type), raw });
    return name;
  }

  /** A name that there is not yet. */
  #fresh(name: string): string {
    let fresh = name;
    for (let i = 2; this.#names.has(fresh); i++) fresh = `${name} ${i}`;
    this.#names.add(fresh);
    return fresh;
  }

  #own(name: string): string {
    if (this.#names.has(name)) throw new Error(`two values are called "${name}"`);
    this.#names.add(name);
    return name;
  }
}

const EMPTY = { floats: [], ints: [], longs: [], doubles: [], unsigned: [] };

function value(name: string, type: ElementType, shape: readonly (number | string)[]): ValueMessage {
  const dim = shape.map((extent) => typeof extent === "number" ? { size: extent } : { symbol: extent });
  return { name, type: { tensor: { element: typeCode(type), shape: { dim } } } };
}

/** Attributes of a node by name: numbers are integers unless they are `real`; those that are undefined are not there. */
export type AttributeValues = Readonly<
  Record<string, number | string | readonly number[] | readonly string[] | Real | undefined>
>;

/** A floating point attribute, or a list of such. */
export interface Real {
  readonly real: number | readonly number[];
}

/** As they are in a file. */
export function attributeMessages(values: AttributeValues): AttributeMessage[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ ...EMPTY_ATTRIBUTE, name, ...typed(value) }]
  );
}

const EMPTY_ATTRIBUTE = { floats: [], ints: [], texts: [] };

function typed(value: NonNullable<AttributeValues[string]>): Partial<AttributeMessage> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "number") return { type: 2, int: value };
  if (typeof value === "string") return { type: 3, text: bytes(value) };
  if ("real" in value) {
    return typeof value.real === "number" ? { type: 1, float: value.real } : { type: 6, floats: [...value.real] };
  }
  const texts = value.filter((element) => typeof element === "string");
  return texts.length ? { type: 8, texts: texts.map(bytes) } : { type: 7, ints: value as number[] };
}
