import { assertEquals } from "@std/assert";
import { kernelTest } from "../support/kernels/harness.ts";

const ROWS = [1, 2, 3, 5], COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];

kernelTest("maximum equals the reference at all shapes and strides, in the first step and a later one", ({ check }) => {
  for (const t of [0, 3]) {
    for (const m of ROWS) {
      for (const n of COLUMNS) {
        check(
          (space) => {
            const ldy = n + 1, lds = n + m % 2, ldx = n + n % 4;
            const y = t ? space.floats(m, n, ldy, (i, j) => (3 * i + j) % 5) : space.output(m, n, ldy);
            const x = space.floats(m, n, ldx, (i, j) => j % 7 === 6 ? NaN : (i + 3 * j) % 4); // some are equal
            const step = space.ints(Array.from({ length: (m - 1) * lds + n }, (_, i) => i % 3));
            return (kernels) => kernels.maximum(y, step, x, t, m, n, ldy, lds, ldx);
          },
          {},
          `t ${t} m ${m} n ${n}`,
        );
      }
    }
  }
});

kernelTest("maximumBackward equals the reference at all shapes and strides", ({ check }) => {
  for (const m of ROWS) {
    for (const n of COLUMNS) {
      check(
        (space) => {
          const lddx = n + 1, lds = n + m % 2, lddy = n + n % 4;
          const dx = space.output(m, n, lddx), dy = space.random(m, n, lddy);
          const step = space.ints(Array.from({ length: (m - 1) * lds + n }, (_, i) => i % 3));
          return (kernels) => kernels.maximumBackward(dx, dy, step, 1, m, n, lddx, lddy, lds);
        },
        {},
        `m ${m} n ${n}`,
      );
    }
  }
});

kernelTest("maximum takes the first of equal elements, and the first NaN", ({ arena, kernels }) => {
  const steps = [[1, 1, NaN, 2, -Infinity, -0], [1, 2, 5, NaN, -Infinity, 0], [0, 2, NaN, 9, -1, 0]];
  const y = 4096, step = 8192, x = 12288, n = 6;
  steps.forEach((row, t) => {
    arena.floats(x, n).set(row);
    kernels.maximum(y, step, x, t, 1, n, n, n, n);
  });
  assertEquals([...arena.floats(y, n)], [1, 2, NaN, NaN, -1, -0]);
  assertEquals([...arena.ints(step, n)], [0, 1, 0, 1, 2, 0]);
});
