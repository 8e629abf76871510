import { kernelTest, U } from "./harness.ts";

const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 65];

/**
 * Of x in [-5, 5): s x and x - max round with an error of up to 20 U in the exponent, the exponential, the sum and the
 * division add a few.
 */
const NEAR = { relative: 48 * U };

for (const inPlace of [false, true]) {
  kernelTest(`softmax: shapes, strides and scales${inPlace ? ", y = x" : ""}`, ({ check }) => {
    for (const n of COLUMNS) {
      for (const [m, scale] of [[1, 1], [2, 0.7], [3, 1.6]]) {
        check(
          (space) => {
            const ldx = n + m % 3, s = space.values([scale]), x = space.random(m, n, ldx, 5);
            const ldy = inPlace ? ldx : n + 1, y = inPlace ? x : space.output(m, n, ldy);
            return (kernels) => kernels.softmax(y, x, s, m, n, ldy, ldx);
          },
          NEAR,
          `m ${m} n ${n} scale ${scale}`,
        );
      }
    }
  });
}

kernelTest("softmax: large numbers do not overflow, far ones vanish", ({ check }) => {
  check((space) => {
    const y = space.output(1, 5), x = space.values([3e38, 3e38, -3e38, 0, 3e38]), scale = space.values([1]);
    return (kernels) => kernels.softmax(y, x, scale, 1, 5, 5, 5);
  }, { absolute: 2 * U });
});

kernelTest("softmax and cross-entropy: a NaN stays in its row", ({ check }) => {
  check((space) => {
    const y = space.output(3, 5), x = space.floats(3, 5, 5, (i, j) => i === 1 && j === 3 ? NaN : i + j);
    const loss = space.output(1, 3), target = space.ints([0, 1, 2]), scale = space.values([1]);
    return (kernels) => {
      kernels.softmax(y, x, scale, 3, 5, 5, 5);
      kernels.softmaxCrossEntropy(loss, x, x, target, scale, 3, 5, 5, 5);
    };
  }, { absolute: 96 * U });
});

kernelTest(
  "softmaxCrossEntropy: the loss is NaN wherever in the row a NaN is, with and without a gradient",
  ({ check }) => {
    for (let n = 1; n <= 9; n++) {
      for (let at = 0; at < n; at++) {
        for (const gradient of [true, false]) {
          check(
            (space) => {
              const x = space.floats(1, n, n, (_, j) => j === at ? NaN : j), dx = gradient ? space.output(1, n) : 0;
              const loss = space.output(1, 1), target = space.ints([0]), scale = space.values([1]);
              return (kernels) => kernels.softmaxCrossEntropy(loss, dx, x, target, scale, 1, n, n, n);
            },
            {},
            `n ${n} at ${at}`,
          );
        }
      }
    }
  },
);

for (const into of ["dx", "x", "nothing"]) {
  kernelTest(`softmaxCrossEntropy: shapes, strides, ignored targets, gradient into ${into}`, ({ check }) => {
    for (const n of COLUMNS) {
      for (const [m, scale] of [[1, 1], [4, 1 / 32], [5, -2]]) {
        check(
          (space) => {
            const ldx = n + m % 3, x = space.random(m, n, ldx, 5), loss = space.output(1, m);
            const target = space.ints(Array.from({ length: m }, (_, i) => i % 3 === 1 ? -100 : (i * 7 + n - 1) % n));
            const s = space.values([scale]);
            const lddx = into === "dx" ? n + 2 : ldx;
            const dx = into === "dx" ? space.output(m, n, lddx) : into === "x" ? x : 0;
            return (kernels) => kernels.softmaxCrossEntropy(loss, dx, x, target, s, m, n, lddx, ldx);
          },
          { absolute: 96 * U }, // losses are below 16, |s| at most 2
          `m ${m} n ${n} scale ${scale}`,
        );
      }
    }
  });
}
