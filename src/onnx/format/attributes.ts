import { FormatError } from "../../errors.ts";
import type { AttributeMessage, GraphMessage } from "./schema.ts";
import { type OnnxTensor, readTensor } from "./tensor.ts";

/** Kinds of attributes by their number in the file (AttributeProto.AttributeType). */
const KINDS = { 1: "float", 2: "int", 3: "text", 4: "tensor", 5: "graph", 6: "floats", 7: "ints", 8: "texts" } as const;

/** The value of an attribute by its kind. */
interface AttributeKinds {
  float: number;
  int: number;
  text: string;
  tensor: OnnxTensor;
  graph: GraphMessage | undefined;
  floats: readonly number[];
  ints: readonly number[];
  texts: readonly string[];
}

/** The attributes of a node. Each is read at most once. `requireAllRead` refuses attributes that were not read. */
export class Attributes {
  readonly #node: string;
  readonly #unread = new Map<string, { kind: string; value?: unknown }>();

  /** @param node The name of the node in errors. */
  constructor(node: string, messages: readonly AttributeMessage[]) {
    this.#node = node;
    for (const message of messages) {
      const { name = "", type = 0 } = message;
      const kind = Object.hasOwn(KINDS, type) ? KINDS[type as keyof typeof KINDS] : undefined;
      this.#unread.set(name, kind ? { kind, value: valueOf(node, name, kind, message) } : { kind: `type ${type}` });
    }
  }

  /**
   * The value of an attribute; undefined when the node does not have the attribute.
   *
   * @throws {FormatError} When the attribute is of another kind.
   */
  take<K extends keyof AttributeKinds>(name: string, kind: K): AttributeKinds[K] | undefined {
    const found = this.#unread.get(name);
    if (!found) return undefined;
    this.#unread.delete(name);
    if (found.kind === kind) return found.value as AttributeKinds[K];
    throw new FormatError(`Cannot read ONNX: ${this.#node} must have ${kind} as "${name}", got ${found.kind}`);
  }

  /** The value of an integer attribute; `otherwise` when the node does not have the attribute. */
  int(name: string, otherwise: number): number {
    return this.take(name, "int") ?? otherwise;
  }

  /** Whether the node has the attribute and it was not read yet. */
  has(name: string): boolean {
    return this.#unread.has(name);
  }

  /**
   * Requires that every attribute was read.
   *
   * @throws {FormatError} When the node has attributes that this implementation of the operator does not support.
   */
  requireAllRead(): void {
    const names = [...this.#unread.keys()];
    if (!names.length) return;
    throw new FormatError(`Cannot read ONNX: ${this.#node} has attributes that are not supported: ${names.join(", ")}`);
  }
}

function valueOf(node: string, name: string, kind: keyof AttributeKinds, message: AttributeMessage): unknown {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (kind === "float") return message.float ?? 0;
  if (kind === "int") return message.int ?? 0;
  if (kind === "text") return text(message.text ?? new Uint8Array());
  if (kind === "texts") return message.texts.map(text);
  if (kind !== "tensor") return message[kind];
  return readTensor(`attribute "${name}" of ${node}`, message.tensor ?? { ...NO_TENSOR });
}

const NO_TENSOR = { dims: [], floats: [], ints: [], longs: [], doubles: [], unsigned: [] };
