import { FormatError } from "../../errors.ts";
import type { AttributeMessage } from "./schema.ts";
import { type OnnxTensor, readTensor } from "./tensor.ts";

/** Kinds of attributes by their number in the file. */
const KINDS = { 1: "float", 2: "int", 3: "text", 4: "tensor", 6: "floats", 7: "ints", 8: "texts" } as const;

/** What an attribute holds. */
interface Values {
  float: number;
  int: number;
  text: string;
  tensor: OnnxTensor;
  floats: readonly number[];
  ints: readonly number[];
  texts: readonly string[];
}

/** The attributes of a node. Each is read at most once; those that nobody reads are an error, not ignored. */
export class Attributes {
  readonly #node: string;
  readonly #left = new Map<string, { kind: string; value?: unknown }>();

  /** `node` is how errors name it. */
  constructor(node: string, messages: readonly AttributeMessage[]) {
    this.#node = node;
    for (const message of messages) {
      const { name = "", type = 0 } = message;
      const kind = Object.hasOwn(KINDS, type) ? KINDS[type as keyof typeof KINDS] : undefined;
      this.#left.set(name, kind ? { kind, value: valueOf(node, name, kind, message) } : { kind: `type ${type}` });
    }
  }

  /**
   * The value of an attribute, undefined where it is not given.
   *
   * @throws {FormatError} When it is of another kind.
   */
  take<K extends keyof Values>(name: string, kind: K): Values[K] | undefined {
    const found = this.#left.get(name);
    if (!found) return undefined;
    this.#left.delete(name);
    if (found.kind === kind) return found.value as Values[K];
    throw new FormatError(`Cannot read ONNX: ${this.#node} must have ${kind} as "${name}", got ${found.kind}`);
  }

  /** A whole number, `otherwise` where it is not given. */
  int(name: string, otherwise: number): number {
    return this.take(name, "int") ?? otherwise;
  }

  /** Whether the attribute is given and was not read yet. */
  has(name: string): boolean {
    return this.#left.has(name);
  }

  /**
   * Nothing, when every attribute was read.
   *
   * @throws {FormatError} Otherwise: the operator has no such attribute here.
   */
  requireAllRead(): void {
    const names = [...this.#left.keys()];
    if (!names.length) return;
    throw new FormatError(`Cannot read ONNX: ${this.#node} has attributes that are not supported: ${names.join(", ")}`);
  }
}

function valueOf(node: string, name: string, kind: keyof Values, message: AttributeMessage): unknown {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (kind === "float") return message.float ?? 0;
  if (kind === "int") return message.int ?? 0;
  if (kind === "text") return text(message.text ?? new Uint8Array());
  if (kind === "texts") return message.texts.map(text);
  if (kind !== "tensor") return message[kind];
  return readTensor(`attribute "${name}" of ${node}`, message.tensor ?? { ...NO_TENSOR });
}

const NO_TENSOR = { dims: [], floats: [], ints: [], longs: [], doubles: [], unsigned: [] };
