import { assertEquals } from "@std/assert";
import { kernelTest } from "./harness.ts";

kernelTest("columnSums: shapes and strides", ({ check }) => {
  for (const m of [1, 2, 3, 7, 50]) {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65]) {
      check(
        (space) => {
          const ldx = n + m % 3, y = space.random(1, n), x = space.random(m, n, ldx);
          return (kernels) => kernels.columnSums(y, x, m, n, ldx);
        },
        { chain: m },
        `m ${m} n ${n}`,
      );
    }
  }
});

kernelTest("sum: one rounding to f32, whatever the length", ({ check }) => {
  for (const n of [1, 2, 3, 4, 5, 33, 1000]) {
    check(
      (space) => {
        const y = space.output(1, 1), x = space.random(1, n);
        return (kernels) => kernels.sum(y, x, n);
      },
      { chain: 0 },
      `n ${n}`,
    );
  }
});

kernelTest("sumSquares: the same doubles as the f64 twin, whole and in blocks", ({ check, arena, kernels }) => {
  for (const n of [1, 2, 3, 4, 5, 7, 33, 4095, 4096, 4097, 8192, 10_001]) {
    const blocks = Math.ceil(n / 4096);
    let y = 0, x = 0;
    check(
      (space) => {
        y = space.doubles(new Float64Array(blocks).fill(NaN)), x = space.random(1, n, n, 3);
        return (kernels) => kernels.sumSquares(y, x, n);
      },
      {}, // squares of floats are exact in f64, and the order is the same
      `n ${n}`,
    );
    kernels.sumSquares(y, x, n);
    const whole = arena.doubles(y, blocks).slice();
    arena.doubles(y, blocks).fill(NaN);
    for (let b = 0; b < blocks; b++) kernels.sumSquares(y + 8 * b, x + 4 * 4096 * b, Math.min(4096, n - 4096 * b));
    assertEquals(arena.doubles(y, blocks), whole);
  }
}, 2 * 65536);
