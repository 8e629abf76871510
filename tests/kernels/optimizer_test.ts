import { kernelTest, U } from "./harness.ts";
import type { Space } from "./space.ts";

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];
const STEPS = 4;

/** Numbers are below 2; a step has some ten roundings behind it. */
const NEAR = { absolute: 2 * STEPS * 10 * U };

/** n numbers of size 0 to 1 that are no gradients: moments. */
function moment(space: Space, n: number, of: (i: number) => number = () => 0): number {
  return space.floats(1, n, n, (_, i) => of(i));
}

/** Settings of Adam at step t for the usual constants. */
function adamSettings(t: number, decay: number, keep: number): number[] {
  const beta1 = 0.9 ** t, beta2 = 0.999 ** t;
  return [0.01 / (1 - beta1), 1 - 0.9, 0.999, 1 - 0.999, Math.sqrt(1 - beta2), 1e-8, decay, keep];
}

for (const [decay, keep] of [[0, 1], [0.01, 1], [0, 0.99]]) {
  for (const largest of [false, true]) {
    kernelTest(
      `adam: every remainder, several steps, decay ${decay}, keep ${keep}, amsgrad ${largest}`,
      ({ check }) => {
        for (const n of LENGTHS) {
          check(
            (space) => {
              const p = space.random(1, n), m = moment(space, n), v = moment(space, n);
              const x = largest ? moment(space, n, (i) => i % 3 * 1e-3) : 0;
              const steps = Array.from({ length: STEPS }, (_, t) => {
                return { g: space.random(1, n), settings: space.values(adamSettings(t + 1, decay, keep)) };
              });
              return (kernels) => {
                for (const { g, settings } of steps) kernels.adam(p, m, v, x, g, settings, n);
              };
            },
            NEAR,
            `n ${n}`,
          );
        }
      },
    );
  }
}

for (const decay of [0, 0.01]) {
  kernelTest(`sgd and sgdMomentum: every remainder, several steps, weight decay ${decay}`, ({ check }) => {
    for (const n of LENGTHS) {
      check(
        (space) => {
          const p = space.random(1, n), q = space.random(1, n), r = space.random(1, n);
          const v = moment(space, n), w = moment(space, n);
          const first = space.values([0.1, decay, 0.9, 1]), settings = space.values([0.1, decay, 0.9, 0.7]);
          const gradients = Array.from({ length: STEPS }, () => space.random(1, n));
          return (kernels) => {
            gradients.forEach((g, t) => {
              kernels.sgd(p, g, settings, n);
              kernels.sgdMomentum(q, v, g, t ? settings : first, n, 0);
              kernels.sgdMomentum(r, w, g, t ? settings : first, n, 1);
            });
          };
        },
        NEAR,
        `n ${n}`,
      );
    }
  });
}

for (const centered of [false, true]) {
  for (const momentum of [0, 0.9]) {
    kernelTest(`rmsprop: every remainder, several steps, centered ${centered}, momentum ${momentum}`, ({ check }) => {
      for (const n of LENGTHS) {
        check(
          (space) => {
            // v starts at a size where v - a a cannot cancel.
            const p = space.random(1, n), v = moment(space, n, () => 1);
            const a = centered ? moment(space, n) : 0, b = momentum ? moment(space, n) : 0;
            const settings = space.values([0.01, 0.01, 0.9, 1 - 0.9, 1e-3, momentum]);
            const gradients = Array.from({ length: STEPS }, () => space.random(1, n));
            return (kernels) => {
              for (const g of gradients) kernels.rmsprop(p, v, a, b, g, settings, n);
            };
          },
          // With momentum the last velocity is a sum of up to STEPS gradients over their root.
          { absolute: STEPS * NEAR.absolute },
          `n ${n}`,
        );
      }
    });
  }
}

kernelTest("adagrad: every remainder, several steps", ({ check }) => {
  for (const n of LENGTHS) {
    check(
      (space) => {
        const p = space.random(1, n), v = moment(space, n, () => 0.1), settings = space.values([0.1, 0.01, 1e-10]);
        const gradients = Array.from({ length: STEPS }, () => space.random(1, n));
        return (kernels) => {
          for (const g of gradients) kernels.adagrad(p, v, g, settings, n);
        };
      },
      { absolute: 2 * NEAR.absolute }, // v grows to 4
      `n ${n}`,
    );
  }
});

kernelTest("average: every remainder, several steps, the first with all of the weight", ({ check }) => {
  for (const n of LENGTHS) {
    check(
      (space) => {
        const a = moment(space, n), p = [space.random(1, n), space.random(1, n)];
        const mixes = [1, 0.1].map((mix) => space.values([mix]));
        return (kernels) => p.forEach((p, t) => kernels.average(a, p, mixes[t], n));
      },
      NEAR,
      `n ${n}`,
    );
  }
});
