import { kernelTest, U } from "../support/kernels/harness.ts";

const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 65];

/**
 * For x in [-5, 5): the roundings of s x and x - max change the exponent by up to 20 U; the exponential, the sum and
 * the division add a few.
 */
const NEAR = { relative: 48 * U };

for (const inPlace of [false, true]) {
  kernelTest(
    `softmax equals the reference at all shapes, strides and scales${inPlace ? ", y = x" : ""}`,
    ({ check }) => {
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
    },
  );
}

for (const inPlace of [false, true]) {
  kernelTest(
    `softmaxBackward equals the reference at all shapes and strides${inPlace ? ", dx = dy" : ""}`,
    ({ check }) => {
      for (const n of COLUMNS) {
        for (const m of [1, 2, 3]) {
          check(
            (space) => {
              const ldy = n + m % 3, lddy = n + n % 4, lddx = inPlace ? lddy : n + 1;
              const y = space.floats(m, n, ldy, (i, j) => (1 + (i + j) % 3) / (2 * n)), dy = space.random(m, n, lddy);
              const dx = inPlace ? dy : space.output(m, n, lddx);
              return (kernels) => kernels.softmaxBackward(dx, dy, y, m, n, lddx, lddy, ldy);
            },
            { absolute: (n + 6) * U }, // terms are at most 1, and so is the factor y
            `m ${m} n ${n}`,
          );
        }
      }
    },
  );
}

kernelTest("softmax does not overflow for large numbers, and far smaller ones vanish", ({ check }) => {
  check((space) => {
    const y = space.output(1, 5), x = space.values([3e38, 3e38, -3e38, 0, 3e38]), scale = space.values([1]);
    return (kernels) => kernels.softmax(y, x, scale, 1, 5, 5, 5);
  }, { absolute: 2 * U });
});

kernelTest("softmax and cross-entropy keep a NaN in its row", ({ check }) => {
  check((space) => {
    const y = space.output(3, 5), x = space.floats(3, 5, 5, (i, j) => i === 1 && j === 3 ? NaN : i + j);
    const loss = space.output(1, 3), target = space.ints([0, 1, 2]), scale = space.values([1]);
    const rowWeights = space.values([1, 0, 1, 0, 1, 0]);
    return (kernels) => {
      kernels.softmax(y, x, scale, 3, 5, 5, 5);
      kernels.softmaxCrossEntropy(loss, x, x, target, rowWeights, 0, scale, 3, 5, 5, 5);
    };
  }, { absolute: 96 * U });
});

kernelTest(
  "softmaxCrossEntropy keeps NaN: a NaN anywhere in the row makes the loss NaN, with and without a gradient",
  ({ check }) => {
    for (let n = 1; n <= 9; n++) {
      for (let at = 0; at < n; at++) {
        for (const gradient of [true, false]) {
          check(
            (space) => {
              const x = space.floats(1, n, n, (_, j) => j === at ? NaN : j), dx = gradient ? space.output(1, n) : 0;
              const loss = space.output(1, 1), target = space.ints([0]), scale = space.values([1]);
              const rowWeights = space.values([1, 0]);
              return (kernels) => kernels.softmaxCrossEntropy(loss, dx, x, target, rowWeights, 0, scale, 1, n, n, n);
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
  for (const weighted of [false, true]) {
    const what = `ignored targets, ${weighted ? "weights of classes, " : ""}gradient into ${into}`;
    kernelTest(
      `softmaxCrossEntropy equals the reference at all shapes and strides, with weights of rows, ${what}`,
      ({ check }) => {
        for (const n of COLUMNS) {
          for (const [m, scale] of [[1, 1], [4, 1 / 32], [5, -2]]) {
            check(
              (space) => {
                const ldx = n + m % 3, x = space.random(m, n, ldx, 5), loss = space.output(1, m);
                const target = space.ints(
                  Array.from({ length: m }, (_, i) => i % 3 === 1 ? -100 : (i * 7 + n - 1) % n),
                );
                const s = space.values([scale]);
                // (1, 0), the weights of a row without label smoothing, come first.
                const rowWeights = space.floats(m, 2, 2, (i, j) => j ? i / 8 : 1 - i / 4);
                const w = Array.from({ length: n }, (_, j) => (j * 5 % 7) / 8), W = w.reduce((a, b) => a + b);
                const classWeights = weighted ? space.values([...w, W]) : 0;
                const lddx = into === "dx" ? n + 2 : ldx;
                const dx = into === "dx" ? space.output(m, n, lddx) : into === "x" ? x : 0;
                return (kernels) =>
                  kernels.softmaxCrossEntropy(loss, dx, x, target, rowWeights, classWeights, s, m, n, lddx, ldx);
              },
              // Losses are below 16, |s| is at most 2. With weights of classes, a loss is a sum of 65 terms of up to 16
              // times 1/2, and b W, which multiplies s p, is up to 16.
              { absolute: (weighted ? 96 * (1 + 2 * n) : 96) * U },
              `m ${m} n ${n} scale ${scale}`,
            );
          }
        }
      },
    );
  }
}
