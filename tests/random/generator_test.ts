import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../src/errors.ts";
import { Generator } from "../../src/random/generator.ts";
import { philox } from "../../src/random/philox.ts";

const take = (generator: Generator, n: number) => Array.from({ length: n }, () => generator.word());

Deno.test("words are the blocks of Philox, in order", () => {
  const seed = 0x12345 * 2 ** 32 + 0x89abcdef, stream = 3 * 2 ** 32 + 0xfffffff0;
  const words = take(new Generator(seed, stream), 10);
  const expected: number[] = [], out = new Uint32Array(4);
  for (let block = 0; block < 3; block++) {
    philox([block, 0, 0xfffffff0, 3], [0x89abcdef, 0x12345], out);
    expected.push(...out);
  }
  assertEquals(words, expected.slice(0, 10));
  assertEquals(take(new Generator(0), 4), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
});

Deno.test("seeds and streams give different words", () => {
  const first = take(new Generator(1), 4);
  assertNotEquals(take(new Generator(2), 4), first);
  assertNotEquals(take(new Generator(1 + 2 ** 32), 4), first);
  assertNotEquals(take(new Generator(1, 1), 4), first);
  assertNotEquals(take(new Generator(1, 2 ** 32), 4), first);
});

Deno.test("a restored generator continues at any position", () => {
  const words = take(new Generator(5, 6), 20);
  for (let position = 0; position <= 12; position++) {
    const generator = new Generator(5, 6);
    take(generator, position);
    const state = JSON.parse(JSON.stringify(generator.state));
    assertEquals(state, { seed: 5, stream: 6, position });
    assertEquals(take(Generator.restore(state), 8), words.slice(position, position + 8));
  }
});

Deno.test("the sequence repeats after 2^34 words", () => {
  const generator = Generator.restore({ seed: 5, stream: 0, position: 2 ** 34 - 2 });
  const [, , ...words] = take(generator, 8);
  assertEquals(words, take(new Generator(5), 6));
});

Deno.test("uniform is the upper 24 bits of a word", () => {
  const words = take(new Generator(9), 100), generator = new Generator(9);
  for (const word of words) {
    const u = generator.uniform();
    assertEquals(u, Math.floor(word / 256) / 2 ** 24);
    assertEquals(u, Math.fround(u));
    assert(u >= 0 && u < 1);
  }
});

Deno.test("integer reaches every value about equally often", () => {
  const generator = new Generator(4), n = 7, draws = 70_000;
  const counts = new Array(n).fill(0);
  for (let i = 0; i < draws; i++) counts[generator.integer(n)]++;
  const mean = draws / n, chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  assert(chiSquare < 22.5, `chi-square ${chiSquare} of 6 degrees of freedom`); // probability 0.001
});

Deno.test("integer draws again instead of favouring small values", () => {
  // 2^32 = n + (2^30 - 1) leaves out the words from n on: about a quarter of them.
  const n = 3 * 2 ** 30 + 1, generator = new Generator(11), other = new Generator(11);
  for (let i = 0; i < 200; i++) {
    let word = other.word();
    while (word >= n) word = other.word();
    assertEquals(generator.integer(n), word);
  }
  assert(generator.state.position > 240 && generator.state.position < 300);
});

Deno.test("integer draws again at exactly the limit", () => {
  // The largest multiple of n up to 2^32 is n itself, and n is the first word.
  const [n, next] = take(new Generator(3), 2);
  assert(n > 2 ** 31 && next < n, "choose another seed");
  assertEquals(new Generator(3).integer(n), next);
});

Deno.test("integer takes bounds from 1 to 2^32", () => {
  assertEquals(new Generator(1).integer(1), 0);
  assertEquals(new Generator(1).integer(2 ** 32), new Generator(1).word());
});

Deno.test("shuffle permutes, and the same seed gives the same order", () => {
  const order = Array.from({ length: 50 }, (_, i) => i);
  const a = order.slice(), b = Int32Array.from(order);
  new Generator(3).shuffle(a);
  new Generator(3).shuffle(b);
  assertEquals([...b], a);
  assertNotEquals(a, order);
  assertEquals(a.toSorted((x, y) => x - y), order);
  const none: number[] = [];
  new Generator(3).shuffle(none);
  assertEquals(none, []);
});

Deno.test("shuffle makes every order about equally often", () => {
  const generator = new Generator(8), counts = new Map<string, number>(), draws = 24_000;
  for (let i = 0; i < draws; i++) {
    const letters = ["a", "b", "c", "d"];
    generator.shuffle(letters);
    const word = letters.join("");
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert(chiSquare < 49.8, `chi-square ${chiSquare} of 23 degrees of freedom`); // probability 0.001
});

Deno.test("a generator refuses an invalid seed, stream, bound or state", () => {
  for (const bad of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => new Generator(bad), OptionError, '"seed"');
    assertThrows(() => new Generator(0, bad), OptionError, '"stream"');
    assertThrows(() => Generator.restore({ seed: 0, stream: 0, position: bad }), OptionError, '"position"');
  }
  for (const bad of [0, -1, 1.5, 2 ** 32 + 1]) assertThrows(() => new Generator(0).integer(bad), OptionError, '"n"');
});

Deno.test("normal() has the moments, the quantiles and the tails of the standard normal distribution", () => {
  const generator = new Generator(3), n = 200_000;
  const sorted = Float64Array.from({ length: n }, () => generator.normal()).sort();
  const moment = (power: number) => sorted.reduce((sum, x) => sum + x ** power, 0) / n;
  // Five deviations of each mean: those of x, x², x³ and x⁴ are 1, √2, √15 and √96.
  [[0, 1], [1, 2], [0, 15], [3, 96]].forEach(([expected, variance], i) => {
    const error = moment(i + 1) - expected;
    assert(Math.abs(error) < 5 * Math.sqrt(variance / n), `moment ${i + 1}: off by ${error}`);
  });
  // Quantiles at the probabilities p, of scipy.stats.norm.cdf. A share deviates by √(p (1 - p) / n).
  const shares = { "-3": 0.0013499, "-2": 0.0227501, "-1": 0.1586553, "0": 0.5, "0.5": 0.6914625, "1.5": 0.9331928 };
  for (const [x, p] of Object.entries(shares)) {
    const error = sorted.filter((y) => y < Number(x)).length / n - p;
    assert(Math.abs(error) < 5 * Math.sqrt(p * (1 - p) / n), `below ${x}: off by ${error}`);
  }
});

Deno.test("normal() is the same everywhere, and a restored generator goes on", () => {
  const generator = new Generator(1), first = Array.from({ length: 4 }, () => generator.normal());
  assertEquals(first, [-0.6632735729217529, 0.10394853353500366, 0.7665830850601196, 1.618979036808014]);
  const state = JSON.parse(JSON.stringify(generator.state));
  assertEquals(Generator.restore(state).normal(), generator.normal());
});
