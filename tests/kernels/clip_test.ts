import { kernelTest, U } from "../support/kernels/harness.ts";

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];

kernelTest("scale equals the reference at every remainder, and by 1 changes nothing", ({ check }) => {
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

kernelTest("clipValue equals the reference at every remainder, and keeps NaN", ({ check }) => {
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

/** Numbers inside, at and outside the limit 0.5, infinities and NaN. */
const AROUND = [0.5, -3, 0.25, 3, NaN, -0.5, Infinity, -Infinity, -0];

for (const into of ["y", "x"]) {
  kernelTest(`clamp equals the reference at all shapes and strides, and keeps NaN, into ${into}`, ({ check }) => {
    for (const m of [1, 2, 3]) {
      for (const n of LENGTHS) {
        check(
          (space) => {
            const ldx = n + (m + n) % 4, limit = space.values([0.5]);
            const x = space.floats(m, n, ldx, (i, j) => AROUND[(i + j) % AROUND.length]);
            const ldy = into === "x" ? ldx : n + m % 3, y = into === "x" ? x : space.output(m, n, ldy);
            return (kernels) => kernels.clamp(y, x, limit, m, n, ldy, ldx);
          },
          {},
          `m ${m} n ${n}`,
        );
      }
    }
  });
}

for (const into of ["dx", "dy", "x"]) {
  kernelTest(`clampBackward equals the reference at all shapes and strides, into ${into}`, ({ check }) => {
    for (const m of [1, 2, 3]) {
      for (const n of LENGTHS) {
        check(
          (space) => {
            const ldx = n + (m + n) % 4, lddy = n + m % 2, limit = space.values([0.5]);
            const x = space.floats(m, n, ldx, (i, j) => AROUND[(i + j) % AROUND.length]);
            const dy = space.random(m, n, lddy);
            const dx = into === "dx" ? space.output(m, n) : into === "dy" ? dy : x;
            const lddx = into === "dx" ? n : into === "dy" ? lddy : ldx;
            return (kernels) => kernels.clampBackward(dx, dy, x, limit, m, n, lddx, lddy, ldx);
          },
          {},
          `m ${m} n ${n}`,
        );
      }
    }
  });
}
