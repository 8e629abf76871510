import { FormatError, ShapeError } from "../../errors.ts";
import { spend } from "./budget.ts";
import type { TensorMessage } from "./schema.ts";

/** An element type by ONNX's name. */
export type OnnxElementType =
  | "float"
  | "double"
  | "float16"
  | "bfloat16"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool";

/** The elements of a tensor in memory. 64-bit integers are doubles: exact up to 2^53, rounded beyond. */
export type OnnxElements = Float32Array | Float64Array | Int32Array;

/** A tensor. In memory 16-bit floating point numbers are f32, and booleans are 0 and 1. */
export interface OnnxTensor {
  /** The element type in ONNX. */
  readonly type: OnnxElementType;
  /** The extent of each dimension; `[]` for a single number. */
  readonly shape: readonly number[];
  /** All elements, row-major. */
  readonly data: OnnxElements;
}

/** The inputs of a node in order; undefined for an absent optional input. */
export type Inputs = readonly (OnnxTensor | undefined)[];

/** An input tensor. Its elements are converted to the type that the model declares. */
export interface OnnxInput {
  /** The extent of each dimension; `[]` for a single number. */
  readonly shape: readonly number[];
  /** All elements, row-major. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** For each element type its number and bytes per element in a file, and the array type in memory. */
const TYPES = {
  float: { code: 1, bytes: 4, array: Float32Array },
  uint8: { code: 2, bytes: 1, array: Int32Array },
  int8: { code: 3, bytes: 1, array: Int32Array },
  uint16: { code: 4, bytes: 2, array: Int32Array },
  int16: { code: 5, bytes: 2, array: Int32Array },
  int32: { code: 6, bytes: 4, array: Int32Array },
  int64: { code: 7, bytes: 8, array: Float64Array },
  bool: { code: 9, bytes: 1, array: Int32Array },
  float16: { code: 10, bytes: 2, array: Float32Array },
  double: { code: 11, bytes: 8, array: Float64Array },
  uint32: { code: 12, bytes: 4, array: Float64Array },
  uint64: { code: 13, bytes: 8, array: Float64Array },
  bfloat16: { code: 16, bytes: 2, array: Float32Array },
} as const satisfies Record<OnnxElementType, unknown>;

/** The maximum number of elements of a tensor, so that a broken shape is refused before any allocation. */
const MAX_SIZE = 2 ** 30;

/** The maximum number of dimensions of a tensor. */
const MAX_RANK = 32;

/**
 * The element type of a number in a file.
 *
 * @param what The tensor's name in errors.
 * @throws {FormatError} When there is no such type, or it is not supported.
 */
export function elementType(what: string, code: number | undefined): OnnxElementType {
  const names = Object.keys(TYPES) as OnnxElementType[];
  const name = names.find((name) => TYPES[name].code === code);
  if (name) return name;
  throw new FormatError(`Cannot read ONNX: ${what} must have one of the types ${names.join(", ")}, got number ${code}`);
}

/** The number of an element type in a file. */
export function typeCode(type: OnnxElementType): number {
  return TYPES[type].code;
}

/** Bytes of an element in a file. */
export function typeBytes(type: OnnxElementType): number {
  return TYPES[type].bytes;
}

/** Whether the elements are integers or booleans. */
export function isInteger(type: OnnxElementType): boolean {
  return !/float|double/.test(type);
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/**
 * Zeros.
 *
 * @throws {ShapeError} When the shape is not one, or there are too many elements.
 */
export function allocate(type: OnnxElementType, shape: readonly number[]): OnnxElements {
  spend(visits(shape));
  try {
    return new TYPES[type].array(sizeOf(shape));
  } catch {
    throw new ShapeError(`there is no memory for a tensor of shape [${shape}]`);
  }
}

/**
 * The number of steps of loops over the dimensions of a shape: its elements, where extents of 0 count as 1.
 *
 * @throws {ShapeError} When the shape has too many dimensions, or extents that are not integers >= 0, or too large.
 */
function visits(shape: readonly number[]): number {
  requireRank(shape);
  const wrong = shape.find((extent) => !Number.isSafeInteger(extent) || extent < 0);
  if (wrong !== undefined) throw new ShapeError(`an extent must be an integer >= 0, got ${wrong} in [${shape}]`);
  const count = shape.reduce((count, extent) => count * Math.max(extent, 1), 1);
  if (!(count <= MAX_SIZE)) throw new ShapeError(`a tensor can have ${MAX_SIZE} elements, got shape [${shape}]`);
  return count;
}

/** @throws {ShapeError} When a shape has too many dimensions. */
export function requireRank({ length }: readonly number[]): void {
  if (length > MAX_RANK) throw new ShapeError(`a tensor can have ${MAX_RANK} dimensions, got ${length}`);
}

/** A tensor with these elements, each converted to the type. */
export function tensor(type: OnnxElementType, shape: readonly number[], elements: ArrayLike<number>): OnnxTensor {
  spend(visits(shape));
  const { array } = TYPES[type];
  const half = type === "float16" || type === "bfloat16";
  return { type, shape, data: elements instanceof array && !half ? elements : rounded(type, array.from(elements)) };
}

/** An int64 tensor `[n]`, such as a shape. */
export function integers(elements: readonly number[]): OnnxTensor {
  return tensor("int64", [elements.length], elements);
}

/** Rounds the elements of the 16-bit types, which are stored as f32, in place. */
function rounded(type: OnnxElementType, data: OnnxElements): OnnxElements {
  if (type === "float16") { for (let i = 0; i < data.length; i++) data[i] = toHalf(data[i]); }
  if (type === "bfloat16") {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    // To nearest, ties to even. NaN stays NaN.
    for (let i = 0; i < bits.length; i++) {
      if (!Number.isNaN(data[i])) bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000;
    }
  }
  return data;
}

/** The nearest float16 number, ties to even. */
function toHalf(x: number): number {
  const size = Math.abs(x);
  if (!(size < 65520)) return size >= 65520 ? x * Infinity : x;
  // The spacing of float16 numbers near x: 11 significant bits, and 2^-24 for subnormal numbers.
  let unit = 2 ** -24;
  while (unit * 2048 <= size) unit *= 2;
  const scaled = size / unit, floor = Math.floor(scaled), rest = scaled - floor;
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
  return x < 0 ? -whole * unit : whole * unit;
}

/**
 * Reads a tensor of a file.
 *
 * @param what The tensor's name in errors.
 * @throws {FormatError} When the number of elements does not fit the shape.
 */
export function readTensor(what: string, message: TensorMessage): OnnxTensor {
  const { dims: shape, raw } = message;
  const type = elementType(what, message.type);
  const size = sizeOf(shape);
  const isShape = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  const list = raw ? [] : typedList(type, message);
  const count = raw ? raw.length / TYPES[type].bytes : list.length;
  if (!isShape || count !== size) {
    throw new FormatError(`Cannot read ONNX: ${what} must have ${size} elements for shape [${shape}], got ${count}`);
  }
  if (raw && type === "float" && raw.length >= LARGE) return fileTensor(shape, raw);
  if (raw) return tensor(type, shape, readRaw(type, raw, shape));
  const half = type === "float16" || type === "bfloat16";
  return tensor(type, shape, half ? list.map((bits) => fromHalf(type, bits)) : list);
}

/** The bytes of a tensor from which its elements are read when they are needed, so that they are not copied. */
const LARGE = 2 ** 16;

/** The bytes of such tensors. */
const FILE_BYTES = /* @__PURE__ */ new WeakMap<OnnxTensor, Uint8Array>();

/** A tensor of floats in a file. Its elements are a view of the file, or a copy that lasts as long as it is used. */
function fileTensor(shape: readonly number[], raw: Uint8Array): OnnxTensor {
  spend(visits(shape));
  let copy: WeakRef<Float32Array> | undefined;
  const made: OnnxTensor = {
    type: "float",
    shape,
    get data() {
      const known = copy?.deref();
      if (known) return known;
      const bytes = raw.byteOffset % 4 ? raw.slice() : raw;
      const data = new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / 4);
      copy = new WeakRef(data);
      return data;
    },
  };
  FILE_BYTES.set(made, raw);
  return made;
}

/** Copies elements of a tensor, from one on. Those in a file are copied from there. */
export function copyElements(x: OnnxTensor, from: number, to: Float32Array): void {
  const raw = FILE_BYTES.get(x);
  if (!raw) return to.set(x.data.subarray(from, from + to.length));
  new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(raw.subarray(4 * from, 4 * (from + to.length)));
}

/** The list in which a message holds elements of a type. */
function typedList(type: OnnxElementType, message: TensorMessage): number[] {
  if (type === "float") return message.floats;
  if (type === "double") return message.doubles;
  if (type === "int64") return message.longs;
  if (type === "uint32" || type === "uint64") return message.unsigned;
  return message.ints;
}

function readRaw(type: OnnxElementType, raw: Uint8Array, shape: readonly number[]): OnnxElements {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const data = allocate(type, shape);
  const readers: Record<OnnxElementType, (i: number) => number> = {
    float: (i) => view.getFloat32(4 * i, true),
    double: (i) => view.getFloat64(8 * i, true),
    uint8: (i) => raw[i],
    bool: (i) => raw[i],
    int8: (i) => view.getInt8(i),
    uint16: (i) => view.getUint16(2 * i, true),
    int16: (i) => view.getInt16(2 * i, true),
    uint32: (i) => view.getUint32(4 * i, true),
    int32: (i) => view.getInt32(4 * i, true),
    uint64: (i) => Number(view.getBigUint64(8 * i, true)),
    int64: (i) => Number(view.getBigInt64(8 * i, true)),
    float16: (i) => fromHalf("float16", view.getUint16(2 * i, true)),
    bfloat16: (i) => fromHalf("bfloat16", view.getUint16(2 * i, true)),
  };
  const read = readers[type];
  for (let i = 0; i < data.length; i++) data[i] = read(i);
  return data;
}

/** The number that a bit pattern of 16 bits encodes. */
function fromHalf(type: OnnxElementType, bits: number): number {
  if (type === "bfloat16") return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}
