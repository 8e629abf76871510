import { assert, assertEquals, assertThrows } from "@std/assert";
import { ELEMENT_TYPES, floats } from "../../src/formats/elements.ts";
import { FormatError, OptionError, ShapeError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../../src/formats/safetensors_writer.ts";

/** Extreme values of every type. Their number is odd, so that sizes do not match by chance. */
const SOURCES: Record<string, TensorSource> = {
  BOOL: { shape: [3], dtype: "BOOL", data: Uint8Array.of(0, 1, 1) },
  I8: { shape: [3], data: Int8Array.of(-128, 0, 127) },
  U8: { shape: [3], data: Uint8Array.of(0, 1, 255) },
  BF16: { shape: [3], dtype: "BF16", data: Float32Array.of(-(2 ** -133), 1.0078125, NaN) },
  F16: { shape: [3], dtype: "F16", data: Float32Array.of(-(2 ** -24), 65504, -0) },
  I16: { shape: [3, 1], data: Int16Array.of(-32768, 0, 32767) },
  U16: { shape: [3], data: Uint16Array.of(0, 1, 65535) },
  I32: { shape: [3], data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) },
  U32: { shape: [3], data: Uint32Array.of(0, 1, 2 ** 32 - 1) },
  I64: { shape: [3], data: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n) },
  U64: { shape: [1, 3], data: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n) },
  F32: { shape: [3], data: Float32Array.of(NaN, -0, 2 ** -149) },
  F64: { shape: [3], data: Float64Array.of(0.1, -Infinity, 5e-324) },
};

Deno.test("every element type is read as it was written, at any alignment", () => {
  assertEquals(Object.keys(SOURCES).sort(), [...ELEMENT_TYPES].sort());
  const bytes = writeSafetensors(Object.entries(SOURCES)), { tensors } = readSafetensors(bytes);
  assertEquals([...tensors.keys()], Object.keys(SOURCES), "the order of the header");
  for (const [name, { shape, data }] of Object.entries(SOURCES)) {
    const read = tensors.get(name)!;
    assertEquals([read.dtype, read.shape], [name, [...shape]]);
    assertEquals(read.data, data);
  }
  assertEquals(writeSafetensors(tensors), bytes, "a file that was read and written again has the same bytes");
});

Deno.test("a file of all types is refused when it is cut at any byte", () => {
  const bytes = writeSafetensors(Object.entries(SOURCES));
  for (let length = 0; length < bytes.length; length++) {
    const { offset } = assertThrows(() => readSafetensors(bytes.subarray(0, length)), FormatError);
    assert(offset! <= length);
  }
});

Deno.test("each element lies at a multiple of its size, as memory mapping needs", () => {
  const bytes = writeSafetensors(Object.entries(SOURCES)), length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  for (const [name, { data_offsets: [begin, end] }] of Object.entries<{ data_offsets: number[] }>(header)) {
    assertEquals((8 + length + begin) % ((end - begin) / 3), 0, name);
  }
});

Deno.test("writing rounds to nearest: F16 and BF16 of f32", () => {
  const data = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1e9);
  const { tensors } = readSafetensors(writeSafetensors([["h", { shape: [3], dtype: "F16", data }]]));
  assertEquals(tensors.get("h")?.data, Float32Array.of(1, 1 + 2 ** -9, Infinity));
  assertEquals(data[2], 1e9, "the elements of the source stay unchanged");
});

Deno.test("floats of any type, each rounded once", () => {
  const one = Float32Array.of(1);
  assert(floats({ data: one }) === one);
  for (const { data } of Object.values(SOURCES)) {
    assertEquals(floats({ data }), Float32Array.from(data as ArrayLike<number>, Number));
  }
  // 2^53 + 2^29 lies half way between two f32. Lower bits decide the rounding, but a double cannot hold them.
  const tie = 2n ** 53n + 2n ** 29n, up = 2 ** 53 + 2 ** 30;
  assertEquals(floats({ data: [tie, tie + 1n, -tie, -tie - 1n] }), Float32Array.of(2 ** 53, up, -(2 ** 53), -up));
  assertEquals(floats({ data: [tie - 1n, 3n * tie] }), Float32Array.of(2 ** 53, Number(3n * tie)));
  assertEquals(floats({ data: [] }), new Float32Array(0));
});

Deno.test("an array of another type, and an unknown type, are not written", () => {
  const write = (source: unknown) => () => writeSafetensors([["a", source as TensorSource]]);
  const single = Float32Array.of(1), refusal = 'tensor "a" of type F16 must have its data in a Float32Array';
  assertThrows(write({ shape: [1], dtype: "F16", data: Uint16Array.of(1) }), ShapeError, refusal);
  assertThrows(write({ shape: [1], dtype: "I64", data: single }), ShapeError, "I64 must have its data in a BigInt64A");
  assertThrows(write({ shape: [1], dtype: "f32", data: single }), OptionError, '"dtype of a" must be one of "F64"');
  assertThrows(write({ shape: [1], data: new DataView(new ArrayBuffer(4)) }), ShapeError, "another typed array");
});
