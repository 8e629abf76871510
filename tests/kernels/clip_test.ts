import { assertEquals } from "@std/assert";
import { type Bench, kernelTest, U } from "./harness.ts";

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];

/** Runs clipNorm on the sums through `check`, and returns what the wasm kernel left in [norm, scale]. */
function clipNorm({ check, arena, kernels }: Bench, sums: number[], limit: number): Float32Array {
  let results = 0, at = 0, limitAt = 0;
  check(
    (space) => {
      results = space.output(1, 2), at = space.doubles(sums), limitAt = space.values([limit]);
      return (kernels) => kernels.clipNorm(results, results + 4, at, limitAt, sums.length);
    },
    { relative: U },
    `${sums} limit ${limit}`,
  );
  kernels.clipNorm(results, results + 4, at, limitAt, sums.length);
  return arena.floats(results, 2).slice();
}

kernelTest("clipNorm: below, at and above the limit", (bench) => {
  assertEquals(clipNorm(bench, [9, 16], 5)[0], 5);
  assertEquals(clipNorm(bench, [9, 16], 50)[1], 1);
  assertEquals(clipNorm(bench, [100], 5)[1], Math.fround(5 / (10 + 1e-6)));
  assertEquals(clipNorm(bench, [0], 1), Float32Array.of(0, 1));
  clipNorm(bench, Array.from({ length: 33 }, (_, i) => i * 0.37 + 1e-9), 0.5);
});

kernelTest("clipNorm: a norm that is not finite", (bench) => {
  assertEquals(clipNorm(bench, [1, Infinity], 5), Float32Array.of(Infinity, 0));
  assertEquals(clipNorm(bench, [1, NaN], 5), Float32Array.of(NaN, NaN));
});

kernelTest("scale: every remainder; 1 changes nothing", ({ check }) => {
  for (const n of LENGTHS) {
    for (const s of [1, 0.3, 0, NaN]) {
      check(
        (space) => {
          const x = space.random(1, n), at = space.values([s]);
          return (kernels) => kernels.scale(x, at, n);
        },
        { relative: U },
        `n ${n} s ${s}`,
      );
    }
  }
});

kernelTest("clipValue: every remainder, NaN stays", ({ check }) => {
  for (const n of LENGTHS) {
    check(
      (space) => {
        const x = space.floats(1, n, n, (_, j) => [0.5, -3, 0.25, 3, NaN, -0.5, Infinity, -Infinity, -0][j % 9]);
        const limit = space.values([0.5]);
        return (kernels) => kernels.clipValue(x, limit, n);
      },
      {},
      `n ${n}`,
    );
  }
});
