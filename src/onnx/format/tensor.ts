import { FormatError, ShapeError } from "../../errors.ts";
import type { TensorMessage } from "./schema.ts";

/** An element type by ONNX's name. */
export type ElementType =
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

/** The elements of a tensor. 64-bit integers are doubles: exact up to 2^53, rounded beyond. */
export type Elements = Float32Array | Float64Array | Int32Array;

/** A tensor: row-major elements. Of what there are arrays for, see `Elements`; halves are floats, booleans 0 and 1. */
export interface OnnxTensor {
  /** What the elements are outside. */
  readonly type: ElementType;
  /** The extent of each dimension; `[]` for a single number. */
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: Elements;
}

/** Number in the file, bytes of an element, and the array that holds such elements here. */
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
} as const satisfies Record<ElementType, unknown>;

/** More elements than this no tensor may have: a broken shape is refused before anything is allocated. */
const LARGEST = 2 ** 30;

/** The element type with this number in the file. */
export function elementType(what: string, code: number | undefined): ElementType {
  const names = Object.keys(TYPES) as ElementType[];
  const name = names.find((name) => TYPES[name].code === code);
  if (name) return name;
  throw new FormatError(`Cannot read ONNX: ${what} must have one of the types ${names.join(", ")}, got number ${code}`);
}

/** The number of an element type in the file. */
export function typeCode(type: ElementType): number {
  return TYPES[type].code;
}

/** Whether elements are whole numbers. */
export function isInteger(type: ElementType): boolean {
  return !/float|double/.test(type);
}

/** The product of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** Zeros of a type. */
export function allocate(type: ElementType, size: number): Elements {
  if (!(size <= LARGEST)) throw new ShapeError(`a tensor can have at most ${LARGEST} elements, got ${size}`);
  return new TYPES[type].array(size);
}

/** A tensor of given elements, each brought into the type. */
export function tensor(type: ElementType, shape: readonly number[], elements: ArrayLike<number>): OnnxTensor {
  const { array } = TYPES[type], half = type === "float16" || type === "bfloat16";
  return { type, shape, data: elements instanceof array && !half ? elements : rounded(type, array.from(elements)) };
}

/** A list of whole numbers, as shapes are. */
export function integers(elements: readonly number[]): OnnxTensor {
  return tensor("int64", [elements.length], elements);
}

/** Elements as narrow as their type, changed in place: halves are stored as floats. */
function rounded(type: ElementType, data: Elements): Elements {
  if (type === "float16") { for (let i = 0; i < data.length; i++) data[i] = toHalf(data[i]); }
  if (type === "bfloat16") {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    // To nearest, ties to even; NaN stays NaN.
    for (let i = 0; i < bits.length; i++) {
      if (!Number.isNaN(data[i])) bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000;
    }
  }
  return data;
}

/** The nearest half-precision number, ties to even. */
function toHalf(x: number): number {
  const size = Math.abs(x);
  if (!(size < 65520)) return size >= 65520 ? x * Infinity : x;
  // Adding and taking away a power of two leaves 11 bits, fewer below the normal numbers.
  let unit = 2 ** -24;
  while (unit * 2048 <= size) unit *= 2;
  const scaled = size / unit, floor = Math.floor(scaled), rest = scaled - floor;
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
  return x < 0 ? -whole * unit : whole * unit;
}

/**
 * A tensor of a file.
 *
 * @throws {FormatError} When its elements are not as many as its shape says, or somewhere else.
 */
export function readTensor(what: string, message: TensorMessage): OnnxTensor {
  const { dims: shape, raw } = message, type = elementType(what, message.type), size = sizeOf(shape);
  if (message.location === 1) {
    throw new FormatError(`Cannot read ONNX: ${what} has its elements in another file, which is not supported`);
  }
  const dimensions = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  const { bytes } = TYPES[type], list = raw ?? typedList(type, message), there = raw ? raw.length / bytes : list.length;
  if (!dimensions || there !== size) {
    throw new FormatError(`Cannot read ONNX: ${what} must have ${size} elements for shape [${shape}], got ${there}`);
  }
  const data = raw ? readRaw(type, raw, size) : list as number[];
  const halves = !raw && (type === "float16" || type === "bfloat16");
  return tensor(type, shape, halves ? data.map((bits) => halfOf(type, bits)) : data);
}

function typedList(type: ElementType, message: TensorMessage): number[] {
  if (type === "float") return message.floats;
  if (type === "double") return message.doubles;
  if (type === "int64") return message.longs;
  if (type === "uint32" || type === "uint64") return message.unsigned;
  return message.ints;
}

function readRaw(type: ElementType, raw: Uint8Array, size: number): Elements {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length), data = allocate(type, size);
  const at: Record<ElementType, (i: number) => number> = {
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
    float16: (i) => halfOf("float16", view.getUint16(2 * i, true)),
    bfloat16: (i) => halfOf("bfloat16", view.getUint16(2 * i, true)),
  };
  const read = at[type];
  for (let i = 0; i < size; i++) data[i] = read(i);
  return data;
}

/** The number that 16 bits stand for. */
function halfOf(type: ElementType, bits: number): number {
  if (type === "bfloat16") return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}
