import { assert, assertEquals } from "@std/assert";
import { FormatError, readSafetensors, writeSafetensors } from "../../../mod.ts";
import { editBytes, editValue, joined, jsonBytes, pick } from "./edits.ts";
import type { Format } from "./format.ts";

const good = writeSafetensors([
  ["rnn.weight_hh_l0", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, -Infinity, -0) }],
  ["half", { shape: [2], dtype: "F16", data: Float32Array.of(1, NaN) }],
  ["steps", { shape: [], data: BigInt64Array.of(7n) }],
  ["empty", { shape: [0, 4], data: new Uint8Array(0) }],
  ['ü "quoted"\n', { shape: [1], dtype: "BOOL", data: Uint8Array.of(1) }],
], { format: "pt", "ключ": "a" });
const { header, data } = splitSafetensors(good);
const start = Array.from({ length: 8 + header.length }, (_, i) => i);

/** The header and the data of a file. */
export function splitSafetensors(bytes: Uint8Array): { header: Uint8Array; data: Uint8Array } {
  const end = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { header: bytes.subarray(8, end), data: bytes.subarray(end) };
}

/** A file of a header and data. */
export function joinSafetensors(header: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, header.length, true);
  return joined(length, header, data);
}

/** Files of all types of elements. A refusal names the byte; what was read can be written and read again. */
export const safetensors: Format<Uint8Array> = {
  make(random) {
    if (!random.integer(3)) return editBytes(good, random, start);
    const edited = jsonBytes(editValue(JSON.parse(new TextDecoder().decode(header)), random));
    const rest = pick(random, [data, data, data, data.slice(0, random.integer(data.length)), joined(data, header)]);
    return joinSafetensors(random.integer(10) ? edited : editBytes(edited, random), rest);
  },
  read(bytes) {
    try {
      return readSafetensors(bytes);
    } catch (error) {
      const isPlaced = !(error instanceof FormatError) || (error.offset! >= 0 && error.offset! <= bytes.length);
      assert(isPlaced, `offset ${(error as FormatError).offset}: ${error}`);
      throw error;
    }
  },
  use({ tensors, metadata }: ReturnType<typeof readSafetensors>) {
    const again = readSafetensors(writeSafetensors(tensors, metadata));
    assertEquals([...again.tensors.keys()], [...tensors.keys()]);
    for (const [name, { shape, data }] of tensors) {
      assertEquals([again.tensors.get(name)!.shape, again.tensors.get(name)!.data], [shape, data]);
    }
    assertEquals(again.metadata, metadata);
  },
  size: ({ length }) => length,
};
