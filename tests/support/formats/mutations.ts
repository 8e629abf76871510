import { assert, assertEquals } from "@std/assert";
import { FormatError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors_writer.ts";
import { Generator } from "../../../src/random/generator.ts";

/** Bytes that occur in headers, and some that do not. */
const BYTES = new TextEncoder().encode('{}[]":,\\ \n0123456789-+.eEFIUBOLu\0\x7f\xff');

/**
 * Reads `count` files with random faults: bytes changed, removed, repeated or inserted elsewhere, mostly in the header.
 * Asserts that each is read right or refused with a FormatError, in less than `limit` milliseconds.
 *
 * @returns The number of files that were read.
 */
export function readMutations(count: number, seed: number, limit: number): number {
  const random = new Generator(seed), good = sample();
  const headerEnd = 8 + new DataView(good.buffer).getUint32(0, true);
  let read = 0;
  for (let i = 0; i < count; i++) {
    const bytes = mutate(good, headerEnd, random), start = performance.now();
    try {
      const { tensors, metadata } = readSafetensors(bytes);
      const again = readSafetensors(writeSafetensors(tensors, metadata));
      assertEquals(again.tensors.size, tensors.size);
      read++;
    } catch (error) {
      const isRefused = error instanceof FormatError && error.offset! >= 0 && error.offset! <= bytes.length;
      assert(isRefused, `seed ${seed}, file ${i}: ${error}`);
    }
    const time = performance.now() - start;
    assert(time < limit, `seed ${seed}, file ${i}: ${time} ms`);
  }
  return read;
}

function sample(): Uint8Array<ArrayBuffer> {
  return writeSafetensors([
    ["rnn.weight_hh_l0", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, -Infinity, -0) }],
    ["half", { shape: [2], dtype: "F16", data: Float32Array.of(1, NaN) }],
    ["steps", { shape: [], data: BigInt64Array.of(7n) }],
    ["empty", { shape: [0, 4], data: new Uint8Array(0) }],
    ['ü "quoted"\n', { shape: [1], dtype: "BOOL", data: Uint8Array.of(1) }],
  ], { format: "pt", "ключ": "a" });
}

function mutate(good: Uint8Array, headerEnd: number, random: Generator): Uint8Array {
  let bytes = Array.from(good);
  for (let n = 1 + random.integer(3); n > 0; n--) {
    const within = random.integer(8) ? Math.min(headerEnd, bytes.length) : bytes.length;
    const at = random.integer(within + 1), some = bytes.slice(at, at + 1 + random.integer(12));
    const to = random.integer(bytes.length + 1);
    switch (random.integer(6)) {
      case 0:
        bytes[at] = random.integer(256);
        break;
      case 1:
        bytes[at] ^= 1 << random.integer(8);
        break;
      case 2:
        bytes[at] = BYTES[random.integer(BYTES.length)];
        break;
      case 3:
        bytes.splice(at, some.length);
        break;
      case 4:
        bytes.splice(to, 0, ...some);
        break;
      default:
        bytes = bytes.slice(0, at);
    }
    if (bytes.length >= 8 && random.integer(4)) bytes = withLength(bytes, good.length - headerEnd);
  }
  return Uint8Array.from(bytes);
}

/** Corrects the header's length, so that reading reaches faults behind it. */
function withLength(bytes: number[], data: number): number[] {
  const length = Math.max(bytes.length - 8 - data, 0);
  return [length & 255, length >>> 8, 0, 0, 0, 0, 0, 0, ...bytes.slice(8)];
}
