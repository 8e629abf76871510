import { kernelTest, U } from "./harness.ts";

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];
const STEPS = 4;

/** Numbers are below 2; a step has some ten roundings behind it. */
const NEAR = { absolute: 2 * STEPS * 10 * U };

/** Step sizes and corrections of Adam at step t for the usual constants, and a weight decay. */
function adamSettings(t: number, decay: number): number[] {
  const beta1 = 0.9 ** t, beta2 = 0.999 ** t;
  return [0.01 / (1 - beta1), 1 - 0.9, 0.999, 1 - 0.999, 1 / Math.sqrt(1 - beta2), 1e-8, decay];
}

for (const decay of [0, 0.01]) {
  kernelTest(`adam: every remainder, several steps, weight decay ${decay}`, ({ check }) => {
    for (const n of LENGTHS) {
      check(
        (space) => {
          const p = space.random(1, n), m = space.floats(1, n, n, () => 0), v = space.floats(1, n, n, () => 0);
          const steps = Array.from({ length: STEPS }, (_, t) => {
            return { g: space.random(1, n), settings: space.values(adamSettings(t + 1, decay)) };
          });
          return (kernels) => {
            for (const { g, settings } of steps) kernels.adam(p, m, v, g, settings, n);
          };
        },
        NEAR,
        `n ${n}`,
      );
    }
  });
}

for (const decay of [0, 0.01]) {
  kernelTest(`sgd and sgdMomentum: every remainder, several steps, weight decay ${decay}`, ({ check }) => {
    for (const n of LENGTHS) {
      check(
        (space) => {
          const p = space.random(1, n), q = space.random(1, n), v = space.floats(1, n, n, () => 0);
          const settings = space.values([0.1, 0.9, decay]);
          const gradients = Array.from({ length: STEPS }, () => space.random(1, n));
          return (kernels) => {
            for (const g of gradients) {
              kernels.sgd(p, g, settings, n);
              kernels.sgdMomentum(q, v, g, settings, n);
            }
          };
        },
        NEAR,
        `n ${n}`,
      );
    }
  });
}
