/** What an LZMA packer packs is unpacked to the same bytes. */
import { assertEquals } from "@std/assert";
import lzma from "lzma/src/lzma_worker.js";
import { unpackLzma } from "../../src/kernels/lzma.ts";
import { Generator } from "../../src/random/generator.ts";

const random = new Generator(1);

/** Bytes of a kind: what the packer writes for them uses other decisions of the coder. */
const KINDS: Record<string, (length: number) => Uint8Array> = {
  random: (length) => Uint8Array.from({ length }, () => random.integer(256)),
  "one byte": (length) => new Uint8Array(length).fill(7),
  "a few letters": (length) => Uint8Array.from({ length }, () => 97 + random.integer(3)),
  "repeated with changes": (length) => {
    const bytes = Uint8Array.from({ length }, () => random.integer(256));
    for (let i = 60; i < length; i++) if (random.integer(20)) bytes[i] = bytes[i - 60 + 13 * random.integer(3)];
    return bytes;
  },
  "far repetitions": (length) => {
    const bytes = Uint8Array.from({ length }, () => random.integer(256));
    bytes.copyWithin(length >> 1, 0, length >> 2);
    bytes.copyWithin(length - 300, 5, 290);
    return bytes;
  },
};

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test(`unpacks bytes that are ${kind}`, () => {
    for (const length of [1, 2, 3, 4, 17, 300, 5000, 70_000]) {
      const bytes = make(length), packed = Uint8Array.from(lzma.LZMA.compress(bytes, 9));
      assertEquals(unpackLzma(packed, length), bytes, `${length} bytes`);
      const half = length >> 1;
      assertEquals(unpackLzma(packed, half), bytes.slice(0, half), "the first part alone");
    }
  });
}
