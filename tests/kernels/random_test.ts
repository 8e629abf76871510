import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { philox } from "../../src/random/philox.ts";
import { assertSameBits, kernelTest, U } from "../support/kernels/harness.ts";

const SEED = [0x12345678, 0x9abcdef0 | 0, 7, -1] as const;

kernelTest("randomUniform has the known answer of Philox4x32-10", ({ check, arena, kernels }) => {
  let y = 0, bounds = 0;
  check((space) => {
    y = space.output(1, 4), bounds = space.values([0, 1]);
    return (kernels) => kernels.randomUniform(y, bounds, 4, 0, 0, 0, 0);
  }, {});
  kernels.randomUniform(y, bounds, 4, 0, 0, 0, 0);
  // Random123 1.09, kat_vectors: counter 0, key 0.
  const words = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
  assertEquals([...arena.floats(y, 4)], words.map((word) => (word >>> 8) * 2 ** -24));
});

kernelTest(
  "randomUniform equals the reference at every remainder, and depends on every word of counter and key",
  ({ check, arena, kernels }) => {
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 33]) {
      check(
        (space) => {
          const y = space.output(1, n), bounds = space.values([-0.1, 0.3]);
          return (kernels) => kernels.randomUniform(y, bounds, n, ...SEED);
        },
        { absolute: U },
        `n ${n}`,
      );
    }
    const n = 4096, y = 4096, bounds = 2048;
    arena.floats(bounds, 2).set([0, 1]);
    kernels.randomUniform(y, bounds, n, ...SEED);
    const words = new Uint32Array(4);
    for (let i = 0; i < n; i += 4) {
      philox([i / 4, 0, SEED[2], SEED[3]], SEED.slice(0, 2), words);
      assertEquals([...arena.floats(y + 4 * i, 4)], [...words].map((word) => (word >>> 8) * 2 ** -24));
    }
  },
);

kernelTest("randomUniform has the range and the moments of a uniform distribution", ({ arena, kernels }) => {
  const n = 100_000, y = 4096, bounds = 2048;
  arena.floats(bounds, 2).set([-1, 3]);
  kernels.randomUniform(y, bounds, n, 1, 2, 3, 4);
  const numbers = arena.floats(y, n);
  assert(numbers.every((x) => x >= -1 && x < 3));
  // Five standard errors of the mean, the variance 4²/12 and the fourth moment 4⁴/80.
  assertAlmostEquals(moment(numbers, 0, 1), 1, 5 * Math.sqrt(16 / 12 / n));
  assertAlmostEquals(moment(numbers, 1, 2), 16 / 12, 5 * Math.sqrt((256 / 80 - (16 / 12) ** 2) / n));
  assertAlmostEquals(moment(numbers, 1, 4), 256 / 80, 5 * Math.sqrt((4 ** 8 / 2304 - (256 / 80) ** 2) / n));
}, 8 * 65536);

kernelTest("randomNormal equals the reference at every remainder", ({ check }) => {
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 33, 4001]) {
    check(
      (space) => {
        const y = space.output(1, n);
        return (kernels) => kernels.randomNormal(y, n, ...SEED);
      },
      { absolute: 32 * U }, // a radius below 6 with a relative error of 2 U, a sine with an absolute one of 3 U
      `n ${n}`,
    );
  }
});

kernelTest("randomNormal has the moments of a normal distribution", ({ arena, kernels }) => {
  const n = 100_000, y = 4096;
  kernels.randomNormal(y, n, 1, 2, 3, 4);
  const numbers = arena.floats(y, n);
  // Five standard errors; the variance of x^p is (2p - 1)!! less the square of the mean of x^p.
  assertAlmostEquals(moment(numbers, 0, 1), 0, 5 * Math.sqrt(1 / n));
  assertAlmostEquals(moment(numbers, 0, 2), 1, 5 * Math.sqrt(2 / n));
  assertAlmostEquals(moment(numbers, 0, 3), 0, 5 * Math.sqrt(15 / n));
  assertAlmostEquals(moment(numbers, 0, 4), 3, 5 * Math.sqrt(96 / n));
  // The two numbers of a pair are independent.
  let product = 0;
  for (let i = 0; i < n; i += 2) product += numbers[i] * numbers[i + 1];
  assertAlmostEquals(product / (n / 2), 0, 5 / Math.sqrt(n / 2));
  assert(Math.max(...numbers.slice(0, 50_000)) < 6);
}, 8 * 65536);

kernelTest("the first random numbers do not depend on the length", ({ arena, kernels }) => {
  const y = 4096, z = 16384, bounds = 2048;
  arena.floats(bounds, 2).set([0, 1]);
  for (let n = 1; n < 20; n++) {
    kernels.randomUniform(y, bounds, n, ...SEED);
    kernels.randomUniform(z, bounds, 20, ...SEED);
    assertSameBits(arena.floats(y, n), arena.floats(z, n), `uniform, ${n} of 20`);
    kernels.randomNormal(y, n, ...SEED);
    kernels.randomNormal(z, 20, ...SEED);
    assertSameBits(arena.floats(y, n), arena.floats(z, n), `normal, ${n} of 20`);
  }
});

kernelTest(
  "dropoutMask equals the reference at all shapes and strides, with rows that begin anywhere in a block",
  ({ check }) => {
    for (const m of [1, 2, 3, 4, 5]) {
      for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19, 20, 33]) {
        for (const p of [0, 0.3, 1]) {
          check(
            (space) => {
              const ldm = n + m % 3, mask = space.output(m, n, ldm), rate = space.values([p]), step = space.ints([-3]);
              return (kernels) => kernels.dropoutMask(mask, rate, step, 3 * m, m, n, ldm, SEED[0], SEED[1], SEED[2]);
            },
            { relative: 2 * U },
            `m ${m} n ${n} p ${p}`,
          );
        }
      }
    }
  },
);

kernelTest("dropoutMask takes a word of Philox for each element, whatever the shape", ({ arena, kernels }) => {
  const n = 1024, mask = 4096, rate = 2048, step = 2052;
  arena.floats(rate, 1).set([0.25]);
  arena.ints(step, 1).set([5]);
  const words = new Uint32Array(4), want = new Float32Array(n);
  for (let i = 0; i < n; i += 4) {
    philox([i / 4, 5, 9, 0], [1, 2], words);
    want.set([...words].map((word) => (word >>> 8) * 2 ** -24 < 0.25 ? 0 : Math.fround(4 / 3)), i);
  }
  for (const columns of [1024, 512, 64, 16, 4, 2, 1]) {
    arena.floats(mask, n).fill(NaN);
    const half = n / columns >> 1; // computed in two parts
    kernels.dropoutMask(mask, rate, step, half, n / columns - half, columns, columns, 1, 2, 9);
    arena.floats(mask, n).copyWithin(half * columns, 0, n - half * columns);
    if (half) kernels.dropoutMask(mask, rate, step, 0, half, columns, columns, 1, 2, 9);
    assertEquals(arena.floats(mask, n), want);
  }
});

kernelTest("dropoutMask drops a fraction p of the elements, others in each step", ({ arena, kernels }) => {
  const n = 100_000, mask = 4096, rate = 2048, step = 2052;
  arena.floats(rate, 1).set([0.2]);
  const before = new Float32Array(n);
  for (const t of [0, 1, 2]) {
    arena.ints(step, 1).set([t]);
    kernels.dropoutMask(mask, rate, step, 0, 1, n, n, 3, 4, 0);
    const numbers = arena.floats(mask, n);
    // Five standard errors; the two masks agree in 0.8² + 0.2² of the elements when they are independent.
    assertAlmostEquals(numbers.filter((x) => x === 0).length / n, 0.2, 5 * Math.sqrt(0.16 / n));
    assertAlmostEquals(moment(numbers, 0, 1), 1, 5 * 1.25 * Math.sqrt(0.16 / n));
    const same = numbers.filter((x, i) => x === before[i]).length / n;
    if (t > 0) assertAlmostEquals(same, 0.68, 5 * Math.sqrt(0.68 * 0.32 / n));
    before.set(numbers);
  }
}, 8 * 65536);

/** The mean of (x - center)^power. */
function moment(numbers: Float32Array, center: number, power: number): number {
  let sum = 0;
  for (const x of numbers) sum += (x - center) ** power;
  return sum / numbers.length;
}
