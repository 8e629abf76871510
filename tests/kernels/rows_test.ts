import { kernelTest } from "../support/kernels/harness.ts";

const ROWS = [1, 2, 3, 5], COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];

for (const accumulate of [0, 1]) {
  // A sum may be small against its terms. Without `accumulate` the output holds NaN, which the kernel does not read.
  const near = { chain: accumulate };

  for (const inPlace of [false, true]) {
    kernelTest(
      `scaleRows equals the reference at all shapes and strides, accumulate ${accumulate}${inPlace ? ", y = x" : ""}`,
      ({ check }) => {
        for (const m of ROWS) {
          for (const n of COLUMNS) {
            check(
              (space) => {
                const lds = 1 + m % 3, ldx = n + n % 4, ldy = inPlace ? ldx : n + 1;
                const s = space.random(m, 1, lds), x = space.random(m, n, ldx);
                const y = inPlace ? x : accumulate ? space.random(m, n, ldy) : space.output(m, n, ldy);
                return (kernels) => kernels.scaleRows(y, s, x, m, n, ldy, lds, ldx, accumulate);
              },
              near,
              `m ${m} n ${n}`,
            );
          }
        }
      },
    );
  }

  kernelTest(`scaleRows repeats the factor or the row by a stride of 0, accumulate ${accumulate}`, ({ check }) => {
    for (const m of ROWS) {
      for (const n of COLUMNS) {
        for (const repeated of ["s", "x"]) {
          check(
            (space) => {
              const lds = repeated === "s" ? 0 : 2, ldx = repeated === "x" ? 0 : n + 1;
              const s = space.random(lds ? m : 1, 1, lds || 1), x = space.random(ldx ? m : 1, n, ldx || n);
              const y = accumulate ? space.random(m, n, n + 2) : space.output(m, n, n + 2);
              return (kernels) => kernels.scaleRows(y, s, x, m, n, n + 2, lds, ldx, accumulate);
            },
            near,
            `m ${m} n ${n} ${repeated}`,
          );
        }
      }
    }
  });
}

for (const repeated of [false, true]) {
  kernelTest(
    `rowDots equals the reference at all shapes and strides${repeated ? ", a stride of 0 repeats b" : ""}`,
    ({ check }) => {
      for (const m of ROWS) {
        for (const n of COLUMNS) {
          check(
            (space) => {
              const ldy = 1 + m % 3, lda = n + n % 4, ldb = repeated ? 0 : n + m % 2;
              const y = space.output(m, 1, ldy), a = space.random(m, n, lda);
              const b = space.random(repeated ? 1 : m, n, ldb || n);
              return (kernels) => kernels.rowDots(y, a, b, m, n, ldy, lda, ldb);
            },
            { chain: n + 2 },
            `m ${m} n ${n}`,
          );
        }
      }
    },
  );
}

kernelTest("rowDots and scaleRows keep a NaN in its row", ({ check }) => {
  check((space) => {
    const m = 3, n = 7, y = space.output(m, 1), z = space.output(m, n), b = space.random(m, n);
    const a = space.floats(m, n, n, (i, j) => i === 1 && j === 5 ? NaN : i + j), s = space.values([1, 2, NaN]);
    return (kernels) => {
      kernels.rowDots(y, a, b, m, n, 1, n, n);
      kernels.scaleRows(z, s, a, m, n, n, 1, n, 0);
    };
  }, { chain: 9 });
});
