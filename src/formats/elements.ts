import { fromBF16, fromF16, toBF16, toF16 } from "./float16.ts";

/**
 * The array that holds a tensor's elements in memory, by the name of the element type in a safetensors file. Every
 * value is exact: 64-bit integers are bigints, and 16-bit floating point numbers are f32.
 */
export interface Elements<Buffer extends ArrayBufferLike = ArrayBufferLike> {
  /** IEEE 754 binary64. */
  F64: Float64Array<Buffer>;
  /** IEEE 754 binary32. */
  F32: Float32Array<Buffer>;
  /** Signed, 64 bits. */
  I64: BigInt64Array<Buffer>;
  /** Unsigned, 64 bits. */
  U64: BigUint64Array<Buffer>;
  /** Signed, 32 bits. */
  I32: Int32Array<Buffer>;
  /** Unsigned, 32 bits. */
  U32: Uint32Array<Buffer>;
  /** Signed, 16 bits. */
  I16: Int16Array<Buffer>;
  /** Unsigned, 16 bits. */
  U16: Uint16Array<Buffer>;
  /** Signed, 8 bits. */
  I8: Int8Array<Buffer>;
  /** Unsigned, 8 bits. */
  U8: Uint8Array<Buffer>;
  /** IEEE 754 binary16. */
  F16: Float32Array<Buffer>;
  /** The upper half of an f32. */
  BF16: Float32Array<Buffer>;
  /** One byte per element; 0 is false. */
  BOOL: Uint8Array<Buffer>;
}

/** The name of an element type in a safetensors file. */
export type ElementType = keyof Elements;

/** How elements of a type are stored in a file. */
interface Storage<A> {
  /** Bytes per element. */
  readonly size: number;
  /** The class of the array in memory. */
  readonly array: new (...none: never[]) => A;
  /** Decodes bytes. The result may use their buffer. All engines are little-endian, as the file is. */
  read(bytes: ArrayBuffer): A;
  /** Encodes values. The result may be a view of their buffer. */
  write(values: A): ArrayBufferView;
}

interface ArrayType<A> {
  new (buffer: ArrayBuffer): A;
  readonly BYTES_PER_ELEMENT: number;
}

/** The storage of a type whose bytes are the same in a file and in memory. */
function directStorage<A extends ArrayBufferView>(array: ArrayType<A>): Storage<A> {
  return { size: array.BYTES_PER_ELEMENT, array, read: (bytes) => new array(bytes), write: (values) => values };
}

/** The storage of each type. The default type of an array precedes other types that the array can hold. */
export const STORAGE: { readonly [E in ElementType]: Storage<Elements[E]> } = {
  F64: /* @__PURE__ */ directStorage(Float64Array),
  F32: /* @__PURE__ */ directStorage(Float32Array),
  I64: /* @__PURE__ */ directStorage(BigInt64Array),
  U64: /* @__PURE__ */ directStorage(BigUint64Array),
  I32: /* @__PURE__ */ directStorage(Int32Array),
  U32: /* @__PURE__ */ directStorage(Uint32Array),
  I16: /* @__PURE__ */ directStorage(Int16Array),
  U16: /* @__PURE__ */ directStorage(Uint16Array),
  I8: /* @__PURE__ */ directStorage(Int8Array),
  U8: /* @__PURE__ */ directStorage(Uint8Array),
  F16: { size: 2, array: Float32Array, read: (bytes) => fromF16(new Uint16Array(bytes)), write: toF16 },
  BF16: { size: 2, array: Float32Array, read: (bytes) => fromBF16(new Uint16Array(bytes)), write: toBF16 },
  BOOL: /* @__PURE__ */ directStorage(Uint8Array),
};

/** All element types. */
export const ELEMENT_TYPES = /* @__PURE__ */ Object.keys(STORAGE) as ElementType[];

/**
 * The elements of a tensor of any type as f32, each rounded once, to nearest. A Float32Array is returned as it is,
 * without a copy.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floats } from "@unroll/rnn";
 *
 * assertEquals(floats({ data: BigInt64Array.of(3n, -1n) }), Float32Array.of(3, -1));
 * ```
 */
export function floats(tensor: { readonly data: ArrayLike<number> | ArrayLike<bigint> }): Float32Array {
  const { data } = tensor;
  return data instanceof Float32Array ? data : Float32Array.from(numbers(tensor));
}

/** The elements of a tensor before rounding to f32. An array of numbers is returned as it is, without a copy. */
export function numbers({ data }: { readonly data: ArrayLike<number> | ArrayLike<bigint> }): ArrayLike<number> {
  if (typeof data[0] !== "bigint") return data as ArrayLike<number>;
  return Float64Array.from(data as ArrayLike<bigint>, toDouble);
}

/**
 * A double that rounds to the same f32 as an integer does. Cutting off 11 bits could make a false tie; therefore the
 * lowest remaining bit is set when the bits cut off are not all zero.
 */
function toDouble(integer: bigint): number {
  const near = Number(integer);
  if (Number.isSafeInteger(near)) return near;
  const sticky = integer & 2047n ? 1n : 0n;
  return Number(integer >> 11n | sticky) * 2048;
}
