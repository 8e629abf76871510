import { kernelTest, U } from "../support/kernels/harness.ts";

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 17];

kernelTest("copy, transpose and zero equal the reference at all shapes and strides", ({ check }) => {
  for (const m of SIZES) {
    for (const n of SIZES) {
      const ldy = n + m % 3, label = `m ${m} n ${n}`;
      check(
        (space) => {
          const ldx = n + n % 4, y = space.output(m, n, ldy), x = space.random(m, n, ldx);
          return (kernels) => kernels.copy(y, x, m, n, ldy, ldx);
        },
        {},
        label,
      );
      check(
        (space) => {
          const ldx = m + n % 4, y = space.output(m, n, ldy), x = space.random(n, m, ldx);
          return (kernels) => kernels.transpose(y, x, m, n, ldy, ldx);
        },
        {},
        label,
      );
      check(
        (space) => {
          const y = space.output(m, n, ldy);
          return (kernels) => kernels.zero(y, m, n, ldy);
        },
        {},
        label,
      );
    }
  }
});

/** The result of multiplyAdd may be small against its terms. */
const BINARY = {
  add: { relative: U },
  subtract: { relative: U },
  divide: { relative: U },
  multiply: { relative: U },
  multiplyAdd: { chain: 1 },
};

for (const name of ["add", "subtract", "multiply", "divide", "multiplyAdd"] as const) {
  const near = BINARY[name];

  for (const into of ["y", "a", "b"]) {
    kernelTest(`${name} equals the reference at all shapes and strides, into ${into}`, ({ check }) => {
      for (const m of SIZES) {
        for (const n of SIZES) {
          check(
            (space) => {
              const lda = n + m % 3, ldb = n + n % 4, a = space.random(m, n, lda), b = space.random(m, n, ldb);
              if (into === "a") return (kernels) => kernels[name](a, a, b, m, n, lda, lda, ldb);
              if (into === "b") return (kernels) => kernels[name](b, a, b, m, n, ldb, lda, ldb);
              const y = name === "multiplyAdd" ? space.random(m, n, n + 1) : space.output(m, n, n + 1);
              return (kernels) => kernels[name](y, a, b, m, n, n + 1, lda, ldb);
            },
            near,
            `m ${m} n ${n}`,
          );
        }
      }
    });
  }

  kernelTest(`${name} repeats a row by a stride of 0`, ({ check }) => {
    for (const m of SIZES) {
      for (const n of SIZES) {
        for (const repeated of ["a", "b"]) {
          check(
            (space) => {
              const lda = repeated === "a" ? 0 : n + m % 3, ldb = repeated === "b" ? 0 : n + n % 4;
              const a = space.random(lda ? m : 1, n, lda || n), b = space.random(ldb ? m : 1, n, ldb || n);
              const y = name === "multiplyAdd" ? space.random(m, n, n + 1) : space.output(m, n, n + 1);
              return (kernels) => kernels[name](y, a, b, m, n, n + 1, lda, ldb);
            },
            near,
            `m ${m} n ${n} ${repeated}`,
          );
        }
      }
    }
  });
}
