import type { Kernels } from "../../src/kernels/kernels.ts";
import { assertSameBits, kernelTest, U } from "../support/kernels/harness.ts";

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13];

/** A wide bound: these tests check shapes. activation_sweep_test.ts measures relative errors. */
const NEAR = { relative: 8 * U };

for (const name of ["exp", "log", "sigmoid", "tanh", "relu"] as const) {
  kernelTest(`${name} equals the reference at all shapes and strides`, ({ check }) => {
    for (const m of SIZES) {
      for (const n of SIZES) {
        check(
          (space) => {
            const ldy = n + m % 3, ldx = n + (m + n) % 4;
            const y = space.output(m, n, ldy);
            const x = name === "log" ? space.floats(m, n, ldx, (i, j) => 0.1 + i + j / 7) : space.random(m, n, ldx, 9);
            return (kernels) => kernels[name](y, x, m, n, ldy, ldx);
          },
          NEAR,
          `m ${m} n ${n}`,
        );
      }
    }
  });

  kernelTest(`${name} gives the same result when y is x`, ({ check }) => {
    for (const n of SIZES) {
      check(
        (space) => {
          const x = space.floats(3, n, n + 1, (i, j) => 0.5 + i + j / 3);
          return (kernels) => kernels[name](x, x, 3, n, n + 1, n + 1);
        },
        NEAR,
        `n ${n}`,
      );
    }
  });
}

kernelTest("an activation has the same bits in any lane, in a full vector and in a tail", (bench) => {
  const { arena, kernels } = bench;
  const x = 4096, y = 8192, alone = 12288;
  for (const name of ["exp", "log", "sigmoid", "tanh", "relu"] as const) {
    for (let n = 1; n <= 13; n++) {
      arena.floats(x, n).set(Array.from({ length: n }, (_, i) => 0.1 + i * 0.77));
      kernels[name](y, x, 1, n, n, n);
      for (let i = 0; i < n; i++) kernels[name](alone + 4 * i, x + 4 * i, 1, 1, 1, 1);
      assertSameBits(arena.floats(y, n), arena.floats(alone, n), `${name}, n ${n}`);
    }
  }
});

for (const name of ["tanhBackward", "reluBackward"] as const) {
  kernelTest(`${name} equals the reference at all shapes, strides and aliases`, ({ check }) => {
    for (const m of SIZES) {
      for (const n of SIZES) {
        for (const target of ["own", "dy", "y"]) {
          check(
            (space) => {
              const lddy = n + m % 3, ldy = n + (m + n) % 4;
              const dy = space.random(m, n, lddy), y = space.random(m, n, ldy);
              if (target === "dy") return (kernels) => kernels[name](dy, dy, y, m, n, lddy, lddy, ldy);
              if (target === "y") return (kernels) => kernels[name](y, dy, y, m, n, ldy, lddy, ldy);
              const dx = space.output(m, n);
              return (kernels) => kernels[name](dx, dy, y, m, n, n, lddy, ldy);
            },
            { absolute: 4 * U }, // three roundings of numbers below 1
            `m ${m} n ${n} into ${target}`,
          );
        }
      }
    }
  });
}

kernelTest("relu and its gradient equal the reference at zeros, infinities and NaN", ({ check }) => {
  const special = [0, -0, Infinity, -Infinity, NaN, 1e-45, -1e-45];
  check((space) => {
    const y = space.output(1, 7), x = space.values(special);
    return (kernels: Kernels) => kernels.relu(y, x, 1, 7, 7, 7);
  }, {});
  check((space) => {
    const dx = space.output(1, 7), dy = space.random(1, 7), y = space.values(special);
    return (kernels: Kernels) => kernels.reluBackward(dx, dy, y, 1, 7, 7, 7, 7);
  }, {});
});
