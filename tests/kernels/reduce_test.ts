import { kernelTest } from "../support/kernels/harness.ts";

kernelTest("columnSums equals the reference at all shapes and strides", ({ check }) => {
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

kernelTest("sum rounds once to f32, whatever the length", ({ check }) => {
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
