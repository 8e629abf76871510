import { fromF16 } from "../../formats/float16.ts";
import { type Hdf5Bytes, OBJECT, padded } from "./hdf5_bytes.ts";
import type { AttributeFields } from "./hdf5_objects.ts";

/** The most dimensions of a dataset. */
const MAX_RANK = 32;

/** The extents of a dataspace; undefined for one without elements. */
export function readExtents(file: Hdf5Bytes, at: number): number[] | undefined {
  const version = file.u8(at), rank = file.u8(at + 1);
  if (version !== 1 && version !== 2) throw file.unsupported(`version ${version} of a dataspace`);
  if (rank > MAX_RANK) throw file.broken(at, `a dataspace has at most ${MAX_RANK} dimensions, got ${rank}`);
  if (version === 2 && file.u8(at + 3) === 2) return undefined;
  return Array.from({ length: rank }, (_, i) => file.u64(at + (version === 1 ? 8 : 4) + 8 * i));
}

/** The number of elements. */
export function sizeOf(extents: readonly number[] | undefined): number {
  return extents ? extents.reduce((a, b) => a * b, 1) : 0;
}

/** The classes of types. */
const FLOAT = 1, STRING = 3, VARIABLE = 9;

/** For each size in bytes: the place and number of the bits of the exponent and of the mantissa. */
const IEEE: Readonly<Record<number, readonly number[]>> = {
  2: [10, 5, 0, 10],
  4: [23, 8, 0, 23],
  8: [52, 11, 0, 52],
};

/** Floating point numbers of IEEE 754. */
export interface FloatType {
  /** Bytes of a number. */
  readonly size: 2 | 4 | 8;
  readonly littleEndian: boolean;
}

/** A type of floating point numbers; undefined for any other type. */
export function readFloatType(file: Hdf5Bytes, at: number): FloatType | undefined {
  const size = file.u32(at + 4), order = file.u8(at + 1);
  const layout = [12, 13, 14, 15].map((offset) => file.u8(at + offset));
  if ((file.u8(at) & 15) !== FLOAT || order & 0x40 || IEEE[size]?.join() !== layout.join()) return undefined;
  return { size: size as 2 | 4 | 8, littleEndian: (order & 1) === 0 };
}

/** Numbers as f32. */
export function toFloats(bytes: Uint8Array, { size, littleEndian }: FloatType): Float32Array {
  const length = bytes.length / size;
  const copy = bytes.slice();
  if (!littleEndian) { for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse(); }
  if (size === 4) return new Float32Array(copy.buffer, 0, length);
  return size === 2 ? fromF16(new Uint16Array(copy.buffer)) : Float32Array.from(new Float64Array(copy.buffer));
}

/** The strings of an attribute: one, or a list. Null for an attribute of another type. */
export function readStrings(
  file: Hdf5Bytes,
  { type, space, data, shared }: AttributeFields,
  heaps: Map<number, Heap>,
): string | string[] | null {
  const extents = readExtents(file, space), count = sizeOf(extents);
  if (count === 0) return [];
  if (shared) return null;
  const kind = file.u8(type) & 15, size = file.u32(type + 4);
  const isVariable = kind === VARIABLE && (file.u8(type + 1) & 15) === 1;
  if (kind !== STRING && !isVariable) return null;
  file.take(data, count * size);
  file.budget.spend(4 * OBJECT * count); // whatever a name costs its reader: it may be empty
  const strings = Array.from({ length: count }, (_, i) => {
    const at = data + i * size;
    return isVariable ? heapText(file, at, heaps) : file.text(at, size);
  });
  return extents!.length ? strings : strings[0];
}

/** A collection of the global heap: the place of each object by its number. */
type Heap = ReadonlyMap<number, { readonly at: number; readonly size: number }>;

/** A string in the global heap: its length, the address of its collection, and its number there. */
function heapText(file: Hdf5Bytes, at: number, heaps: Map<number, Heap>): string {
  const length = file.u32(at), address = file.u64(at + 4), number = file.u32(at + 12);
  if (length === 0) return "";
  const heap = heaps.get(address) ?? readHeap(file, address);
  heaps.set(address, heap);
  const found = heap.get(number);
  if (!found || found.size < length) throw file.broken(at, "a string is not in its heap");
  return file.text(found.at, length);
}

function readHeap(file: Hdf5Bytes, address: number): Heap {
  file.requireSignature(address, "GCOL");
  const length = file.u64(address + 8);
  file.take(address, length);
  const objects = new Map<number, { at: number; size: number }>();
  for (let at = address + 16; at + 16 <= address + length;) {
    const number = file.u16(at), size = file.u64(at + 8);
    if (number === 0) break;
    file.budget.spend(OBJECT);
    objects.set(number, { at: at + 16, size });
    at += 16 + padded(size);
  }
  return objects;
}
