import { FormatError, requireBytes } from "../../errors.ts";
import type { Budget } from "../../formats/limits.ts";
import { sidePath } from "../../formats/side_path.ts";
import { type Check, refuse } from "../../options.ts";
import type { AttributeMessage, GraphMessage, TensorMessage } from "./schema.ts";
import { elementType, sizeOf, typeBytes } from "./tensor.ts";

/** Files by name, a function that reads one, or the only one. Names are paths from the folder of the model. */
export type OnnxExternal =
  | Uint8Array
  | ArrayBuffer
  | ReadonlyMap<string, Uint8Array | ArrayBuffer>
  | Readonly<Record<string, Uint8Array | ArrayBuffer>>
  | ((name: string) => Uint8Array | ArrayBuffer);

/** The check of the option "external": the function that reads a file, or the bytes of the one file there is. */
export const external: Check<OnnxExternal> = (name, value) => {
  const isFiles = typeof value === "function" || (typeof value === "object" && value !== null && !("then" in value));
  return isFiles ? value as OnnxExternal : refuse(name, "files by name, a function, or the bytes of one file", value);
};

/** A tensor whose elements are in another file. */
interface ExternalTensor {
  readonly what: string;
  readonly message: TensorMessage;
  readonly file: string;
}

/** The files with the elements of a model's tensors. */
export class ExternalFiles {
  readonly #given: OnnxExternal | undefined;
  readonly #budget: Budget;
  readonly #read = new Map<string, Uint8Array>();

  /** @param budget Grows with each file that is read. */
  constructor(given: OnnxExternal | undefined, budget: Budget) {
    this.#given = given;
    this.#budget = budget;
  }

  /** Bytes of all files that were read. */
  get length(): number {
    return [...this.#read.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Gives the tensors of a graph the bytes of their elements.
   *
   * @throws {FormatError} When a file is missing, or does not have the bytes. Errors of a function are passed on.
   */
  fill(graph: GraphMessage): void {
    const tensors = [...externalTensors(graph)];
    const names = [...new Set(tensors.map(({ file }) => file))];
    for (const name of names) this.#read.set(name, this.#file(name, names, tensors.find(({ file }) => file === name)!));
    for (const { what, message, file } of tensors) message.raw = elements(what, message, file, this.#read.get(file)!);
  }

  #file(name: string, names: readonly string[], { what }: ExternalTensor): Uint8Array {
    const given = this.#given, list = names.map((name) => JSON.stringify(name)).join(", ");
    const refused = (reason: string) => new FormatError(`Cannot read ONNX: ${reason}`);
    const isOne = ArrayBuffer.isView(given) || Object.prototype.toString.call(given) === "[object ArrayBuffer]";
    if (isOne && names.length > 1) {
      throw refused(`its tensors are in several files, ${list}: pass them by name as "external"`);
    }
    const bytes: unknown = isOne
      ? given
      : typeof given === "function"
      ? given(name)
      : given instanceof Map
      ? given.get(name)
      : given && Object.hasOwn(given, name) && (given as Record<string, unknown>)[name];
    if (!bytes) {
      throw refused(
        `${what} has its elements in another file, ${JSON.stringify(name)}: ` +
          (given ? `"external" does not have it, expected ${list}` : `pass its bytes as the option "external"`),
      );
    }
    const file = requireBytes(`external "${name}"`, bytes);
    this.#budget.addFile(file.length);
    return file;
  }
}

/** The tensors of a graph, and of the graphs in its nodes, whose elements are in other files. */
function* externalTensors({ initializer, node }: GraphMessage): Iterable<ExternalTensor> {
  for (const message of initializer) {
    if (message.location === 1) yield placed(`initializer "${message.name ?? ""}"`, message);
  }
  for (const { name = "", attribute } of node) {
    for (const { tensor, graph } of attribute as (AttributeMessage & { graph?: GraphMessage })[]) {
      if (tensor?.location === 1) yield placed(`the tensor of node "${name}"`, tensor);
      if (graph) yield* externalTensors(graph);
    }
  }
}

/** A tensor and its file, which must be in the folder of the model or below. */
function placed(what: string, message: TensorMessage): ExternalTensor {
  const location = entry(message, "location"), file = sidePath(location);
  if (file) return { what, message, file };
  throw new FormatError(
    `Cannot read ONNX: ${what} must be in a file beside the model or below it, got ${JSON.stringify(location)}`,
  );
}

/** The bytes of a tensor's elements. */
function elements(what: string, message: TensorMessage, name: string, file: Uint8Array): Uint8Array {
  const needed = sizeOf(message.dims) * typeBytes(elementType(what, message.type));
  const [offset, length] = [["offset", 0], ["length", needed]].map(([key, otherwise]) => {
    const text = entry(message, key as string);
    return text === undefined ? otherwise as number : /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  });
  const isInside = Number.isSafeInteger(offset + length) && length >= 0 && offset + length <= file.length;
  if (isInside && length === needed) return file.subarray(offset, offset + length);
  throw new FormatError(
    `Cannot read ONNX: ${what} must have ${needed} bytes in "${name}", which has ${file.length} bytes, ` +
      `got offset ${entry(message, "offset") ?? 0} and length ${entry(message, "length") ?? needed}`,
  );
}

/** What a tensor says of its place. */
function entry({ external = [] }: TensorMessage, key: string): string | undefined {
  return external.find((entry) => entry.key === key)?.value;
}
