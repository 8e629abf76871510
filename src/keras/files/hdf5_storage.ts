import type { Hdf5Bytes } from "./hdf5_bytes.ts";
import { padded } from "./hdf5_bytes.ts";
import { MESSAGE, type Message, treeLeaves } from "./hdf5_objects.ts";
import { sizeOf } from "./hdf5_values.ts";
import { inflated } from "../../formats/zip/inflate.ts";

/** A step of writing a chunk, which reading undoes: its number, and its parameters. */
interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

const DEFLATE = 1, SHUFFLE = 2, FLETCHER32 = 3;

/** A chunk as it is stored. */
interface Chunk {
  readonly at: number;
  readonly length: number;
  /** Bit i: filter i was left out. */
  readonly mask: number;
  /** The element of the dataset where the chunk begins. */
  readonly offset: readonly number[];
}

/**
 * The bytes of all elements of a dataset, row-major.
 *
 * @param elementSize Bytes of an element.
 */
export function readStorage(
  file: Hdf5Bytes,
  messages: readonly Message[],
  extents: readonly number[],
  elementSize: number,
): Uint8Array {
  const layout = messages.find(({ type }) => type === MESSAGE.layout)!.at;
  const version = file.u8(layout), kind = file.u8(layout + 1);
  if (version < 3 || version > 5) throw file.unsupported(`version ${version} of a layout`);
  const length = sizeOf(extents) * elementSize;
  if (length === 0) return new Uint8Array(0);
  if (kind === 0) {
    if (file.u16(layout + 2) < length) throw file.broken(layout, "a dataset is longer than its storage");
    return file.take(layout + 4, length);
  }
  if (kind === 1) {
    const address = file.address(layout + 2);
    if (address === undefined || file.u64(layout + 10) < length) {
      throw file.broken(layout, "a dataset is longer than its storage");
    }
    return file.take(address, length);
  }
  if (kind !== 2) throw file.unsupported("a virtual dataset");
  const filters = readFilters(file, messages.find(({ type }) => type === MESSAGE.filters));
  const { shape, chunks } = version === 3
    ? treeChunks(file, layout, extents, elementSize)
    : singleChunk(file, layout, extents, elementSize, filters.length > 0);
  const chunkLength = sizeOf(shape) * elementSize;
  const counts = extents.map((extent, d) => Math.ceil(extent / shape[d]));
  if (chunks.length !== sizeOf(counts)) throw file.broken(layout, "a dataset has not all of its chunks");
  file.budget.spend(length);
  const data = new Uint8Array(length), seen = new Set<string>();
  for (const chunk of chunks) {
    const key = chunk.offset.join();
    if (seen.has(key) || chunk.offset.some((start, d) => start % shape[d] || start >= extents[d])) {
      throw file.broken(chunk.at, "a chunk is in the wrong place");
    }
    seen.add(key);
    copyChunk(data, unfiltered(file, chunk, filters, chunkLength), chunk.offset, shape, extents, elementSize);
  }
  return data;
}

/** The chunks of a B-tree of version 1. */
function treeChunks(file: Hdf5Bytes, layout: number, extents: readonly number[], elementSize: number) {
  const rank = extents.length, root = file.address(layout + 3);
  const dimensions = Array.from({ length: rank + 1 }, (_, i) => file.u32(layout + 11 + 4 * i));
  requireChunks(file, layout, file.u8(layout + 2), dimensions, rank, elementSize);
  const leaves = root === undefined ? [] : treeLeaves(file, root, 1, 8 + 8 * (rank + 1));
  const chunks = leaves.map(({ key, child }): Chunk => ({
    at: child,
    length: file.u32(key),
    mask: file.u32(key + 4),
    offset: Array.from({ length: rank }, (_, d) => file.u64(key + 8 + 8 * d)),
  }));
  return { shape: dimensions.slice(0, rank), chunks };
}

/** The chunk of a dataset that has one chunk, as version 4 of the layout stores it. */
function singleChunk(
  file: Hdf5Bytes,
  layout: number,
  extents: readonly number[],
  elementSize: number,
  filtered: boolean,
) {
  const rank = extents.length, size = file.u8(layout + 4);
  const dimensions = Array.from({ length: rank + 1 }, (_, i) => file.unsigned(layout + 5 + size * i, size));
  requireChunks(file, layout, file.u8(layout + 3), dimensions, rank, elementSize);
  const at = layout + 6 + size * (rank + 1);
  if (file.u8(at - 1) !== 1) throw file.unsupported("an index of chunks as of h5py's libver latest");
  const shape = dimensions.slice(0, rank), length = sizeOf(shape) * elementSize;
  const chunk = filtered
    ? { at: file.u64(at + 12), length: file.u64(at), mask: file.u32(at + 8) }
    : { at: file.u64(at), length, mask: 0 };
  return { shape, chunks: [{ ...chunk, offset: extents.map(() => 0) }] };
}

/** Requires dimensions of chunks that fit the dataset. The last one is the size of an element. */
function requireChunks(
  file: Hdf5Bytes,
  layout: number,
  count: number,
  dimensions: readonly number[],
  rank: number,
  elementSize: number,
): void {
  const fits = rank > 0 && count === rank + 1 && dimensions[rank] === elementSize && dimensions.every((n) => n > 0);
  if (!fits) throw file.broken(layout, "the chunks of a dataset do not fit it");
}

function readFilters(file: Hdf5Bytes, message: Message | undefined): Filter[] {
  if (!message) return [];
  const version = file.u8(message.at), count = file.u8(message.at + 1);
  if (version !== 1 && version !== 2) throw file.unsupported(`version ${version} of filters`);
  let at = message.at + (version === 1 ? 8 : 2);
  return Array.from({ length: count }, () => {
    const id = file.u16(at), named = version === 1 || id >= 256;
    const nameLength = named ? file.u16(at + 2) : 0;
    at += named ? 4 : 2;
    const valueCount = file.u16(at + 2);
    at += 4 + (version === 1 ? padded(nameLength) : nameLength);
    file.take(at, 4 * valueCount);
    const values = Array.from({ length: valueCount }, (_, i) => file.u32(at + 4 * i));
    at += 4 * (version === 1 ? valueCount + valueCount % 2 : valueCount);
    if (id !== DEFLATE && id !== SHUFFLE && id !== FLETCHER32) throw file.unsupported(`filter ${id} of a dataset`);
    return { id, values };
  });
}

/** The bytes of a chunk before its filters. */
function unfiltered(
  file: Hdf5Bytes,
  { at, length, mask }: Chunk,
  filters: readonly Filter[],
  size: number,
): Uint8Array {
  let bytes = file.take(at, length);
  // Checksums stand behind the bytes that they are of.
  const checksums = filters.map(({ id }, i): number => id === FLETCHER32 && !(mask >>> i & 1) ? 4 : 0);
  for (let i = filters.length - 1; i >= 0; i--) {
    const { id, values } = filters[i];
    if (mask >>> i & 1) continue;
    if (id === FLETCHER32) bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    if (id === DEFLATE) {
      const before = checksums.slice(0, i).reduce((a, b) => a + b, 0);
      bytes = inflated(bytes, size + before, "zlib", file.budget, (reason) => file.broken(at, reason));
    }
    if (id === SHUFFLE) bytes = unshuffled(file, bytes, values[0] ?? 1);
  }
  if (bytes.length !== size) throw file.broken(at, `a chunk must have ${size} bytes, got ${bytes.length}`);
  return bytes;
}

/** The shuffle filter stores the first byte of all elements, then the second of all, and so on. */
function unshuffled(file: Hdf5Bytes, bytes: Uint8Array, size: number): Uint8Array {
  file.budget.spend(bytes.length);
  const count = size ? Math.floor(bytes.length / size) : 0;
  const result = bytes.slice();
  for (let b = 0; b < size && count; b++) {
    for (let i = 0; i < count; i++) result[i * size + b] = bytes[b * count + i];
  }
  return result;
}

/**
 * Copies the part of a chunk that lies within the dataset, run by run. A run goes along the last dimension in which the
 * dataset has other extents than the chunk; those behind it are whole.
 */
function copyChunk(
  data: Uint8Array,
  chunk: Uint8Array,
  offset: readonly number[],
  shape: readonly number[],
  extents: readonly number[],
  elementSize: number,
): void {
  const sizes = shape.map((size, d) => Math.min(size, extents[d] - offset[d]));
  const last = Math.max(0, shape.findLastIndex((size, d) => size !== extents[d]));
  const row = sizeOf(shape.slice(last + 1)) * elementSize, run = sizes[last] * row;
  const copy = (d: number, from: number, to: number): void => {
    if (d === last) {
      const start = from * shape[last] * row;
      data.set(chunk.subarray(start, start + run), (to * extents[last] + offset[last]) * row);
      return;
    }
    for (let i = 0; i < sizes[d]; i++) copy(d + 1, from * shape[d] + i, to * extents[d] + offset[d] + i);
  };
  copy(0, 0, 0);
}
