import { FormatError, requireBytes } from "../../errors.ts";
import { readOptions, type Table } from "../../options.ts";
import { type ElementType, STORAGE } from "../elements.ts";
import { Budget, limits as readLimits, type ReadLimits } from "../limits.ts";
import type { Tensor } from "../safetensors.ts";
import { wrongFile } from "../wrong_file.ts";

/** Options of the functions that read files of NumPy. */
export interface ReadNumpyOptions {
  /** How much memory and time a file may take. */
  limits?: ReadLimits;
}

/** The table of these options. */
export const READ_NUMPY = { limits: [readLimits] } satisfies Table<ReadNumpyOptions>;

/** The first bytes of a file. */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The element types by NumPy's kind and bytes per element. */
const TYPES: Readonly<Record<string, ElementType>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u8: "U64",
  u4: "U32",
  u2: "U16",
  u1: "U8",
  b1: "BOOL",
};

/** The longest header that NumPy reads. */
const HEADER = 10_000;

/** What the kinds of other element types are. */
const OTHERS: Readonly<Record<string, string>> = {
  O: "Python objects, which are pickled and not read",
  U: "texts",
  S: "texts",
  c: "complex numbers",
  M: "dates",
  m: "times",
  V: "bytes of a type of its own, such as bfloat16: save it as float32",
};

/** One entry of the header, a dictionary of Python: its key and its value. */
const ENTRY = String.raw`'(\w+)'\s*:\s*('[^']*'|True|False|\([\d\s,]*\))\s*`;

/**
 * Reads a file of `numpy.save` (`.npy`): one array of floats, integers or booleans, of either byte order.
 *
 * @param file The content of the file.
 * @returns The array in row-major order.
 * @throws {FormatError} When the file is broken, or has elements of another type.
 *
 * @example
 * ```ts ignore
 * import { readNpy } from "@unroll/rnn/numpy";
 *
 * const { shape, data } = readNpy(await Deno.readFile("x.npy"));
 * ```
 */
export function readNpy(file: Uint8Array | ArrayBuffer, options: ReadNumpyOptions = {}): Tensor {
  const { limits } = readOptions("readNpy", READ_NUMPY, options);
  const bytes = requireBytes("bytes", file);
  return arrayOf("the file of NumPy", bytes, new Budget("the file of NumPy", bytes.length, limits));
}

/**
 * The array of a file `.npy`.
 *
 * @param what The name of the file in errors.
 */
export function arrayOf(what: string, bytes: Uint8Array, budget: Budget): Tensor {
  const refuse = (reason: string) => new FormatError(`Cannot read ${what}: ${reason}`);
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw refuse(`expected a file of numpy.save, got ${wrongFile(bytes) ?? "other bytes"}`);
  }
  const [major] = bytes.subarray(6), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = major === 1 ? 10 : 12;
  if (!(major >= 1 && major <= 3)) throw refuse(`expected version 1 to 3, got ${major}`);
  if (bytes.length < from) throw refuse("it is cut off");
  const start = from + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length || start - from > HEADER) throw refuse(`expected a header of at most ${HEADER} bytes`);
  const { descr, order, shape } = readHeader(new TextDecoder("latin1").decode(bytes.subarray(from, start)), refuse);
  const [, endian, kind, width] = descr.match(/^([<>|=]?)([a-zA-Z])(.*)$/) ?? [];
  const type = Object.hasOwn(TYPES, kind + width) ? TYPES[kind + width] : undefined;
  if (!type) {
    const other = Object.hasOwn(OTHERS, kind ?? "") ? OTHERS[kind] : "another type";
    throw refuse(`expected floats, integers or booleans, got ${other} (${JSON.stringify(descr.slice(0, 40))})`);
  }
  const { size, read } = STORAGE[type], needed = shape.reduce((product, extent) => product * extent, size);
  if (needed !== bytes.length - start) {
    throw refuse(`expected ${needed} bytes for shape [${shape}] of ${descr}, got ${bytes.length - start}`);
  }
  budget.spend(2 * needed + 8 * shape.length);
  const copy = bytes.slice(start) as Uint8Array<ArrayBuffer>;
  if (endian === ">") swapBytes(copy, size);
  const elements = order === "True" ? rowMajor(copy, shape, size) : copy;
  return { shape, dtype: type, data: read(elements.buffer) } as Tensor;
}

/** The header: a dictionary with the element type, the order and the shape. */
function readHeader(header: string, refuse: (reason: string) => FormatError) {
  if (/'descr'\s*:\s*\[/.test(header)) throw refuse("expected floats, integers or booleans, got records");
  const isWhole = new RegExp(`^\\{\\s*(?:${ENTRY},\\s*){2}${ENTRY},?\\s*\\}\\s*$`).test(header);
  const entries = new Map(
    [...(isWhole ? header : "").matchAll(new RegExp(ENTRY, "g"))].map(([, key, value]) => [key, value]),
  );
  const [descr, order, tuple] = ["descr", "fortran_order", "shape"].map((key) => entries.get(key) ?? "");
  if (entries.size !== 3 || !descr.startsWith("'") || !/^(True|False)$/.test(order) || !tuple.startsWith("(")) {
    throw refuse("its header must have descr, fortran_order and shape");
  }
  const extents = tuple.slice(1, -1).split(",").map((extent) => extent.trim());
  if (extents.at(-1) === "") extents.pop();
  const shape = extents.map(Number);
  if (extents.length > 64 || !extents.every((extent) => /^\d{1,15}$/.test(extent))) {
    throw refuse(`its shape is broken: ${tuple.slice(0, 40)}`);
  }
  return { descr: descr.slice(1, -1), order, shape };
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** Elements whose first index changes fastest, in row-major order. */
function rowMajor(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length), index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, i) => shape.slice(0, i).reduce((product, extent) => product * extent, size));
  for (let to = 0, from = 0; to < bytes.length; to += size) {
    for (let byte = 0; byte < size; byte++) result[to + byte] = bytes[from + byte];
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return result;
}
