import { OptionError, requireInteger, requireOneOf, ShapeError } from "../errors.ts";
import { ELEMENT_TYPES, type Elements, type ElementType, STORAGE } from "./elements.ts";
import { quote } from "./json.ts";
import { METADATA } from "./safetensors.ts";

/** A tensor to write: row-major elements, as many as the product of the shape. */
export interface TensorSource {
  /** The extent of each dimension; `[]` for a single number. */
  readonly shape: readonly number[];
  /**
   * The element type in the file.
   *
   * @default The type of the array: F32 for a Float32Array.
   */
  readonly dtype?: ElementType;
  /**
   * The elements. For F16 and BF16, a Float32Array whose elements are rounded to nearest in the file. A Float16Array
   * has the type F16.
   */
  readonly data: Elements[ElementType] | Halves;
}

/** A Float16Array, which not every engine has. */
export interface Halves extends ArrayLike<number> {
  /** The name of the class. */
  readonly [Symbol.toStringTag]: "Float16Array";
}

/**
 * Writes a safetensors file. The same tensors in the same order give the same bytes. The data starts at a multiple of 8
 * bytes and has larger elements first, so that each element lies at a multiple of its size.
 *
 * @param tensors Names and tensors in the order of the header, such as the result of `session.parameters()`.
 * @param metadata Text by key for the header. Default: none.
 * @throws {ShapeError} When the elements of a tensor are not a typed array of the tensor's type and size.
 * @throws {OptionError} When a name occurs twice, is `__metadata__` or has no UTF-8 form, or an element type is
 * unknown.
 *
 * @example Half of the bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compile, dense, readSafetensors, writeSafetensors } from "@unroll/rnn";
 *
 * const session = await compile(dense(3, 2), { batch: 1, steps: 1 });
 * const halves = [...session.parameters()].map(([name, tensor]) => [name, { ...tensor, dtype: "F16" }] as const);
 * const bytes = writeSafetensors(halves); // PyTorch reads it: load_state_dict(safetensors.torch.load_file(...))
 * assertEquals(readSafetensors(bytes).tensors.get("weight")?.dtype, "F16");
 * session.dispose();
 * ```
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, TensorSource]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sources = new Map<string, { shape: readonly number[]; dtype: ElementType; data: Elements[ElementType] }>();
  for (const text of Object.entries(metadata).flat()) checkText(text);
  for (const [name, { shape, data: elements, dtype = defaultType(elements) }] of tensors) {
    const data = isHalves(elements) ? Float32Array.from(elements) : elements;
    checkText(name);
    checkSource(name, { shape, data, dtype });
    if (name === METADATA || sources.has(name)) {
      throw new OptionError(`Cannot write safetensors: expected a new name for each tensor, got ${quote(name)}`);
    }
    sources.set(name, { shape, data, dtype: dtype! });
  }

  const members = new Map<string, string>();
  if (Object.keys(metadata).length > 0) members.set(METADATA, JSON.stringify(metadata));
  for (const name of sources.keys()) members.set(name, ""); // the order of the header
  const sorted = [...sources].sort(([, a], [, b]) => STORAGE[b.dtype].size - STORAGE[a.dtype].size);
  let end = 0;
  for (const [name, { shape, dtype, data }] of sorted) {
    const begin = end;
    end += data.length * STORAGE[dtype].size;
    members.set(name, JSON.stringify({ dtype, shape, data_offsets: [begin, end] }));
  }

  const header = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",");
  const encoded = new TextEncoder().encode(`{${header}}`);
  const dataStart = 8 + Math.ceil(encoded.length / 8) * 8;
  const bytes = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart);
  new DataView(bytes.buffer).setUint32(0, dataStart - 8, true);
  bytes.set(encoded, 8);
  let at = dataStart;
  for (const [, { dtype, data }] of sorted) {
    const { buffer, byteOffset, byteLength } = (STORAGE[dtype].write as (values: typeof data) => ArrayBufferView)(data);
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

/** The default element type of an array. */
function defaultType(data: unknown): ElementType | undefined {
  return isHalves(data) ? "F16" : ELEMENT_TYPES.find((type) => data instanceof STORAGE[type].array);
}

function isHalves(data: unknown): data is Halves {
  return Object.prototype.toString.call(data) === "[object Float16Array]";
}

function checkSource(name: string, { shape, dtype, data }: TensorSource): void {
  const what = `Cannot write safetensors: tensor ${quote(name)}`;
  if (!dtype) throw new ShapeError(`${what} must have its data in a Float32Array or another typed array`);
  const { array } = STORAGE[requireOneOf(`dtype of ${name}`, dtype, ELEMENT_TYPES)];
  if (!(data instanceof array)) throw new ShapeError(`${what} of type ${dtype} must have its data in a ${array.name}`);
  for (const extent of shape) requireInteger(`shape of ${name}`, extent, 0);
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (data.length === size) return;
  throw new ShapeError(`${what} must have ${size} elements for shape [${shape.join(", ")}], got ${data.length}`);
}

function checkText(text: unknown): void {
  if (typeof text === "string" && text.isWellFormed()) return;
  throw new OptionError(`Cannot write safetensors: names and metadata must be Unicode text, got ${quote(text)}`);
}
