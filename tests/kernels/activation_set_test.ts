/**
 * Shapes, aliasing, corners and special values. activation_set_sweep_test.ts measures errors in ulp.
 */
import { ACTIVATION } from "../../src/kernels/activation_kinds.ts";
import { kernelTest, U } from "../support/kernels/harness.ts";

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13];

type Name = keyof typeof ACTIVATION;
const NAMES = Object.keys(ACTIVATION) as Name[];

/** alpha and beta that shape every function: a slope below 0, a threshold, two ends within the range of x. */
const SETTINGS = [0.3, 0.6];

/** Results are below 16; a gradient is the result of some ten roundings. */
const NEAR = { relative: 8 * U, absolute: 32 * U };

/** Whether the gradient of a function reads y, not x. */
function readsY(name: Name): boolean {
  return ["relu", "tanh", "sigmoid"].includes(name);
}

for (const name of NAMES) {
  const kind = ACTIVATION[name];

  kernelTest(`activate ${name} equals the reference at all shapes and strides, into y and into x`, ({ check }) => {
    for (const m of SIZES) {
      for (const n of SIZES) {
        for (const into of ["y", "x"]) {
          check(
            (space) => {
              const ldx = n + (m + n) % 4, x = space.random(m, n, ldx, 9), settings = space.values(SETTINGS);
              const ldy = into === "x" ? ldx : n + m % 3, y = into === "x" ? x : space.output(m, n, ldy);
              return (kernels) => kernels.activate(y, x, settings, kind, m, n, ldy, ldx);
            },
            NEAR,
            `m ${m} n ${n} into ${into}`,
          );
        }
      }
    }
  });

  kernelTest(
    `activateBackward ${name} equals the reference at all shapes, strides and aliases, and reads x or y alone`,
    ({ check }) => {
      for (const m of SIZES) {
        for (const n of SIZES) {
          for (const into of ["dx", "dy", "source"]) {
            check(
              (space) => {
                const lddy = n + m % 3, lds = n + (m + n) % 4, settings = space.values(SETTINGS);
                const dy = space.random(m, n, lddy), source = space.random(m, n, lds, readsY(name) ? 1 : 9);
                const dx = into === "dx" ? space.output(m, n) : into === "dy" ? dy : source;
                const lddx = into === "dx" ? n : into === "dy" ? lddy : lds;
                const [x, ldx, y, ldy] = readsY(name) ? [0, 0, source, lds] : [source, lds, 0, 0];
                return (kernels) => kernels.activateBackward(dx, dy, x, y, settings, kind, m, n, lddx, lddy, ldx, ldy);
              },
              NEAR,
              `m ${m} n ${n} into ${into}`,
            );
          }
        }
      }
    },
  );

  kernelTest(
    `activate and activateBackward ${name} equal the reference at corners, large numbers and NaN`,
    ({ check }) => {
      // 0.5 is the threshold; hardSigmoid, 0.5 x + 0.125, ends at -0.25 and 1.75.
      const special = [0, -0, 0.5, -0.25, 1.75, 1e-30, -1e-30, 90, -90, 1e30, -1e30, Infinity, -Infinity, NaN];
      const n = special.length;
      check((space) => {
        const x = space.values(special), y = space.output(1, n), settings = space.values([0.5, 0.125]);
        const dx = space.output(1, n), dy = space.random(1, n);
        return (kernels) => {
          kernels.activate(y, x, settings, kind, 1, n, n, n);
          kernels.activateBackward(dx, dy, x, y, settings, kind, 1, n, n, n, n, n);
        };
      }, NEAR);
    },
  );
}
