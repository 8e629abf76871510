import { assertEquals } from "@std/assert";
import { type Bench, kernelTest, U } from "../support/kernels/harness.ts";

const POWERS = [1, 2, 3, 1.5, 0.5, Infinity];

for (const power of POWERS) {
  kernelTest(
    `sumPowers ${power} has the same doubles as the reference, whole and in blocks`,
    ({ check, arena, kernels }) => {
      for (const n of [1, 2, 3, 4, 5, 7, 33, 4095, 4096, 4097, 8192, 9001]) {
        const blocks = Math.ceil(n / 4096);
        let x = 0, y = 0, at = 0;
        check(
          (space) => {
            x = space.random(1, n), y = space.doubles(new Float64Array(blocks).fill(NaN)), at = space.values([power]);
            return (kernels) => kernels.sumPowers(y, x, at, n);
          },
          {}, // squares of floats are exact in f64, and order and functions are the same
          `n ${n}`,
        );
        kernels.sumPowers(y, x, at, n);
        const whole = arena.doubles(y, blocks).slice();
        arena.doubles(y, blocks).fill(NaN);
        for (let b = 0; b < blocks; b++) {
          kernels.sumPowers(y + 8 * b, x + 4 * 4096 * b, at, Math.min(4096, n - 4096 * b));
        }
        assertEquals(arena.doubles(y, blocks).slice(), whole);
      }
    },
    131072,
  );

  kernelTest(
    `sumPowers ${power} equals the reference for zeros, the smallest and largest floats, infinity and NaN`,
    ({ check }) => {
      for (const odd of [0, -0, 2 ** -149, -(2 ** -126), 3.4e38, -Infinity, NaN]) {
        check(
          (space) => {
            const x = space.values([odd, 0.5, 0, -2, odd]), y = space.doubles([NaN]), at = space.values([power]);
            return (kernels) => kernels.sumPowers(y, x, at, 5);
          },
          {},
          `${odd}`,
        );
      }
    },
  );
}

/** Check clipNorm on the sums. Returns [norm, scale] of the wasm kernel. */
function clipNorm({ check, arena, kernels }: Bench, sums: number[], limit: number, power = 2): Float32Array {
  let results = 0, at = 0, limitAt = 0, powerAt = 0;
  check(
    (space) => {
      results = space.output(1, 2), at = space.doubles(sums);
      limitAt = space.values([limit]), powerAt = space.values([power]);
      return (kernels) => kernels.clipNorm(results, results + 4, at, limitAt, powerAt, sums.length);
    },
    { relative: U },
    `${sums} limit ${limit} power ${power}`,
  );
  kernels.clipNorm(results, results + 4, at, limitAt, powerAt, sums.length);
  return arena.floats(results, 2).slice();
}

kernelTest("clipNorm equals the reference below, at and above the limit", (bench) => {
  assertEquals(clipNorm(bench, [9, 16], 5)[0], 5);
  assertEquals(clipNorm(bench, [9, 16], 50)[1], 1);
  assertEquals(clipNorm(bench, [100], 5)[1], Math.fround(5 / (10 + 1e-6)));
  assertEquals(clipNorm(bench, [0], 1), Float32Array.of(0, 1));
  clipNorm(bench, Array.from({ length: 33 }, (_, i) => i * 0.37 + 1e-9), 0.5);
});

kernelTest("clipNorm equals the reference for other powers", (bench) => {
  assertEquals(clipNorm(bench, [9, 16], 50, 1), Float32Array.of(25, 1));
  assertEquals(clipNorm(bench, [9, 16, 3], 50, Infinity), Float32Array.of(16, 1));
  assertEquals(clipNorm(bench, [7, 20], 3, 3), Float32Array.of(3, 3 / (3 + 1e-6)));
  assertEquals(clipNorm(bench, [1, 2], 9, 0.5), Float32Array.of(9, 9 / (9 + 1e-6)));
  for (const power of POWERS) assertEquals(clipNorm(bench, [0], 1, power), Float32Array.of(0, 1));
});

kernelTest("clipNorm gives a scale of NaN or 0 for a norm that is not finite", (bench) => {
  for (const power of POWERS) {
    assertEquals(clipNorm(bench, [1, Infinity], 5, power), Float32Array.of(Infinity, 0));
    assertEquals(clipNorm(bench, [1, NaN], 5, power), Float32Array.of(NaN, NaN));
  }
});
