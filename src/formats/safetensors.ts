/**
 * The safetensors format (https://github.com/huggingface/safetensors): the length N of the header as a 64-bit integer,
 * the header in N bytes of JSON, then the elements of all tensors, little-endian and without gaps.
 */

import { FormatError, requireBytes } from "../errors.ts";
import { ELEMENT_TYPES, type Elements, type ElementType, STORAGE } from "./elements.ts";
import { type JsonNode, parseJson, quote } from "./json.ts";

/** The element types of the format that are not supported. */
const UNSUPPORTED = "F4 F6_E2M3 F6_E3M2 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ C64";

/** The maximum length of a header in bytes. */
const MAX_HEADER = 100_000_000;

/** The key of the header that is not a tensor. */
export const METADATA = "__metadata__";

/** A tensor of a file: its elements in row-major order. */
export type Tensor = {
  [E in ElementType]: { shape: number[]; dtype: E; data: Elements<ArrayBuffer>[E] };
}[ElementType];

/** The content of a safetensors file. */
export interface Safetensors {
  /** The tensors by name, in the order of the header. */
  tensors: Map<string, Tensor>;
  /** The metadata of the header: text by key. */
  metadata: Record<string, string>;
}

/** The description of a tensor in the header. */
interface Entry {
  name: string;
  /** The byte of the file where the description starts. */
  headerOffset: number;
  dtype: ElementType;
  shape: number[];
  /** The range of its bytes [begin, end), counted from the end of the header. */
  begin: number;
  end: number;
}

/**
 * Reads a safetensors file. Reading is strict: each byte of the data must belong to exactly one tensor, no key may
 * occur twice, and every size is checked before it is used. Tensors are copies, and may have any alignment in the file.
 *
 * @param file The content of the file.
 * @throws {FormatError} When the file breaks a rule of the format, or a tensor has an element type that is not in
 * `Elements` (floating point types of 8 bits and fewer, complex numbers). The error has the byte `offset` of the fault.
 * No memory is allocated for tensors before the whole header is checked.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSafetensors, writeSafetensors } from "@unroll/rnn";
 *
 * const bytes = writeSafetensors([["w", { shape: [1, 2], data: Float32Array.of(3, 4) }]], { epoch: "7" });
 * const { tensors, metadata } = readSafetensors(bytes);
 * assertEquals(tensors.get("w"), { shape: [1, 2], dtype: "F32", data: Float32Array.of(3, 4) });
 * assertEquals(metadata.epoch, "7");
 * ```
 */
export function readSafetensors(file: Uint8Array | ArrayBuffer): Safetensors {
  const bytes = requireBytes("bytes", file);
  const dataStart = 8 + headerLength(bytes);
  const dataLength = bytes.length - dataStart;
  if (bytes[8] !== 0x7b) throw refuse(8, `expected a header that begins with "{", got byte 0x${bytes[8].toString(16)}`);
  const header = parseJson(bytes, 8, dataStart, refuse).value as Map<string, JsonNode>;

  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, member] of header) {
    if (name === METADATA) metadata = readMetadata(member);
    else entries.push(readEntry(name, member, dataLength));
  }
  checkCoverage(entries, dataStart, dataLength);

  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.set(name, { shape, dtype, data: STORAGE[dtype].read(copy.buffer) } as Tensor);
  }
  return { tensors, metadata };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) throw refuse(0, `expected at least 8 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MAX_HEADER) throw refuse(0, `expected a header of at most ${MAX_HEADER} bytes, got ${length}`);
  if (length < 2 || length > bytes.length - 8) {
    throw refuse(0, `expected a header of 2 to ${bytes.length - 8} bytes, the rest of the file, got ${length}`);
  }
  return length;
}

function readMetadata(member: JsonNode): Record<string, string> {
  if (!(member.value instanceof Map)) throw refuse(member.start, `expected "${METADATA}" to be an object`);
  const pairs: [string, string][] = [];
  for (const [key, { start, value }] of member.value) {
    if (typeof value !== "string") throw refuse(start, `expected metadata ${quote(key)} to be a string`);
    pairs.push([key, value]);
  }
  return Object.fromEntries(pairs); // "__proto__" becomes an ordinary key
}

/** Reads and checks the description of one tensor. Unknown fields are ignored. */
function readEntry(name: string, member: JsonNode, dataLength: number): Entry {
  const tensor = `tensor ${quote(name)}`;
  if (!(member.value instanceof Map)) throw refuse(member.start, `expected ${tensor} to be an object`);
  const field = (key: string): JsonNode => {
    const found = (member.value as Map<string, JsonNode>).get(key);
    if (found === undefined) throw refuse(member.start, `expected ${tensor} to have "${key}"`);
    return found;
  };

  const { start, value: dtype } = field("dtype");
  const type = ELEMENT_TYPES.find((type) => type === dtype);
  if (!type) {
    const actual = UNSUPPORTED.split(" ").includes(dtype as string)
      ? `${dtype}, which is not supported`
      : "an unknown type";
    throw refuse(start, `expected ${tensor} to have the type ${ELEMENT_TYPES.join(", ")}, got ${actual}`);
  }
  const shape = readIntegers(field("shape"), `the shape of ${tensor}`);
  const offsets = field("data_offsets");
  const [begin, end, ...more] = readIntegers(offsets, `the data offsets of ${tensor}`);
  if (end === undefined || more.length > 0) throw refuse(offsets.start, `expected two data offsets for ${tensor}`);
  if (begin > end || end > dataLength) {
    throw refuse(offsets.start, `expected ${tensor} within the ${dataLength} bytes of data, got ${begin} to ${end}`);
  }
  let size = STORAGE[type].size; // a huge product is inexact, but stays huge: beyond 2^53 a factor 0 counts as 1
  for (const extent of shape) size *= size > Number.MAX_SAFE_INTEGER ? extent || 1 : extent;
  if (size !== end - begin) {
    throw refuse(offsets.start, `expected ${size} bytes for ${tensor} by its shape, got ${end - begin}`);
  }
  return { name, headerOffset: member.start, dtype: type, shape, begin, end };
}

function readIntegers(list: JsonNode, what: string): number[] {
  if (!Array.isArray(list.value)) throw refuse(list.start, `expected ${what} to be a list`);
  return list.value.map(({ start, end, value }) => {
    // The values 1.0, 1e0 and -0 are integers too, but the format allows digits only.
    const plain = Number.isSafeInteger(value) && (value as number) >= 0 && String(value).length === end - start;
    if (!plain) throw refuse(start, `expected ${what} to have only integers from 0 to 2^53 - 1, in digits`);
    return value as number;
  });
}

/** Requires that, in the order of the data, every tensor begins where the tensor before it ends. */
function checkCoverage(entries: readonly Entry[], dataStart: number, dataLength: number): void {
  let covered = 0;
  for (const { name, headerOffset: at, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const fault = begin < covered ? "an overlap" : "a hole";
      throw refuse(at, `expected tensor ${quote(name)} to begin at ${covered}, got ${fault} at ${begin}`);
    }
    covered = end;
  }
  if (covered !== dataLength) {
    throw refuse(dataStart + covered, `expected the end of the file, got ${dataLength - covered} bytes of no tensor`);
  }
}

function refuse(offset: number, reason: string): FormatError {
  return new FormatError(`Cannot read safetensors at byte ${offset}: ${reason}`, offset);
}
