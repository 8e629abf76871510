import { assertAlmostEquals } from "@std/assert";
import { kernelTest, U } from "../support/kernels/harness.ts";

const ROWS = [1, 2, 3, 5];
const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33, 130];

/** With this epsilon, 1 / sqrt(variance + epsilon), which multiplies the roundings, is at most 10. */
const EPSILON = 0.01;
const NEAR = { absolute: 10 * 32 * U };

for (const inPlace of [false, true]) {
  kernelTest(`layerNorm equals the reference at all shapes and strides${inPlace ? ", y = x" : ""}`, ({ check }) => {
    for (const m of ROWS) {
      for (const n of COLUMNS) {
        check(
          (space) => {
            const ldx = n + m % 3, x = space.random(m, n, ldx), stats = space.output(m, 2);
            const gain = space.random(1, n), bias = space.random(1, n), epsilon = space.values([EPSILON]);
            const ldy = inPlace ? ldx : n + 1, y = inPlace ? x : space.output(m, n, ldy);
            return (kernels) => kernels.layerNorm(y, stats, x, gain, bias, epsilon, m, n, ldy, ldx);
          },
          NEAR,
          `m ${m} n ${n}`,
        );
      }
    }
  });

  kernelTest(
    `layerNormBackward equals the reference at all shapes and strides${inPlace ? ", dx = dy" : ""}`,
    ({ check }) => {
      for (const m of ROWS) {
        for (const n of COLUMNS) {
          check(
            (space) => {
              const ldx = n + m % 3, lddy = n + n % 4, x = space.random(m, n, ldx), dy = space.random(m, n, lddy);
              const stats = space.floats(m, 2, 2, (i, j) => j === 0 ? 0.1 * i - 0.2 : 1.5 + i);
              const gain = space.random(1, n), dGain = space.random(1, n), dBias = space.random(1, n);
              const lddx = inPlace ? lddy : n + 1, dx = inPlace ? dy : space.output(m, n, lddx);
              return (kernels) =>
                kernels.layerNormBackward(dx, dGain, dBias, dy, x, stats, gain, m, n, lddx, lddy, ldx);
            },
            { absolute: 1024 * U }, // xhat is below 8, rstd below 6
            `m ${m} n ${n}`,
          );
        }
      }
    },
  );
}

kernelTest("layerNorm equals the reference for a constant row, a large mean and a NaN", ({ check }) => {
  check((space) => {
    const m = 3, n = 7, y = space.output(m, n), stats = space.output(m, 2), epsilon = space.values([1e-5]);
    const x = space.floats(m, n, n, (i, j) => i === 0 ? 5 : i === 1 ? 4096 + j : j === 2 ? NaN : j);
    const gain = space.floats(1, n, n, () => 1), bias = space.floats(1, n, n, () => 0.5);
    return (kernels) => kernels.layerNorm(y, stats, x, gain, bias, epsilon, m, n, n, n);
  }, { absolute: 16 * U, relative: 4 * U });
});

kernelTest("layerNorm gives mean 0 and variance 1, and a gradient at right angles to both", ({ arena, kernels }) => {
  const n = 257, x = 4096, y = 8192, dx = 12288, gain = 16384, bias = 20480, dGain = 24576, dBias = 28672, stats = 2048;
  const epsilon = 2064;
  arena.floats(x, n).set(Array.from({ length: n }, (_, j) => 3 + (j * 37 % 101) / 10));
  arena.floats(gain, n).fill(1);
  arena.floats(bias, n).fill(0);
  arena.floats(epsilon, 1).fill(0);
  kernels.layerNorm(y, stats, x, gain, bias, epsilon, 1, n, n, n);
  const normalized = arena.floats(y, n);
  assertAlmostEquals(dot(normalized, () => 1), 0, 1e-6);
  assertAlmostEquals(dot(normalized, (j) => normalized[j]), 1, 1e-6);

  const dy = dx; // in place
  arena.floats(dy, n).set(Array.from({ length: n }, (_, j) => (j * 53 % 97) / 10 - 4));
  kernels.layerNormBackward(dx, dGain, dBias, dy, x, stats, gain, 1, n, n, n, n);
  assertAlmostEquals(dot(arena.floats(dx, n), () => 1), 0, 1e-6);
  assertAlmostEquals(dot(arena.floats(dx, n), (j) => normalized[j]), 0, 1e-6);
});

/** The mean of a(j) b(j). */
function dot(a: Float32Array, b: (j: number) => number): number {
  return a.reduce((sum, value, j) => sum + value * b(j), 0) / a.length;
}
