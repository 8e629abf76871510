import { assertEquals } from "@std/assert";
import { philox } from "../../src/random/philox.ts";

/** The vectors "philox4x32 10" of Random123 1.14.0, file tests/kat_vectors: counter, key, output. */
const KNOWN = [
  "00000000 00000000 00000000 00000000 00000000 00000000   6627e8d5 e169c58d bc57ac4c 9b00dbd8",
  "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff   408f276d 41c83b0e a20bc7c6 6d5451fd",
  "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0   d16cfe09 94fdcceb 5001e420 24126ea1",
];

Deno.test("philox gives the published known answers", () => {
  for (const line of KNOWN) {
    const words = Uint32Array.from(line.split(/ +/), (word) => parseInt(word, 16));
    const out = new Uint32Array(4);
    philox(words.subarray(0, 4), words.subarray(4, 6), out);
    assertEquals(out, words.subarray(6));
  }
});

Deno.test("philox may write over its counter", () => {
  const counter = Uint32Array.of(1, 2, 3, 4), out = new Uint32Array(4);
  philox([1, 2, 3, 4], [5, 6], out);
  philox(counter, [5, 6], counter);
  assertEquals(counter, out);
});

Deno.test("philox equals the definition in 64-bit integers", () => {
  const out = new Uint32Array(4);
  let word = 1;
  const next = () => word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
  for (let i = 0; i < 500; i++) {
    const counter = [next(), next(), next(), next()], key = [next(), next()];
    philox(counter, key, out);
    let c = counter.map(BigInt), k = key.map(BigInt);
    for (let round = 0; round < 10; round++) {
      const p = 0xd2511f53n * c[0], q = 0xcd9e8d57n * c[2];
      c = [q >> 32n ^ c[1] ^ k[0], q & 0xffffffffn, p >> 32n ^ c[3] ^ k[1], p & 0xffffffffn];
      k = [k[0] + 0x9e3779b9n & 0xffffffffn, k[1] + 0xbb67ae85n & 0xffffffffn];
    }
    assertEquals([...out], c.map(Number));
  }
});
