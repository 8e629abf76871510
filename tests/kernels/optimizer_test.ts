import { AdagradSetting, AdamSetting, RmspropSetting, SgdSetting } from "../../src/kernels/optimizer_settings.ts";
import { kernelSettings } from "../../src/training/optimizers/optimizer.ts";
import { kernelTest, U } from "../support/kernels/harness.ts";
import type { Space } from "../support/kernels/space.ts";

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];
const STEPS = 4;

/** Numbers are below 2; an update has some ten roundings. */
const NEAR = { absolute: 2 * STEPS * 10 * U };

/** A moment: n numbers from 0 to 1, in place of random ones. */
function moment(space: Space, n: number, of: (i: number) => number = () => 0): number {
  return space.floats(1, n, n, (_, i) => of(i));
}

/** Settings of Adam's update t, with learning rate 0.01 and PyTorch's betas. */
function adamSettings(t: number, decay: number, shrinkage: number): number[] {
  return kernelSettings<AdamSetting>({
    [AdamSetting.StepSize]: 0.01 / (1 - 0.9 ** t),
    [AdamSetting.OneMinusBeta1]: 1 - 0.9,
    [AdamSetting.Beta2]: 0.999,
    [AdamSetting.OneMinusBeta2]: 1 - 0.999,
    [AdamSetting.RootCorrection2]: Math.sqrt(1 - 0.999 ** t),
    [AdamSetting.Epsilon]: 1e-8,
    [AdamSetting.WeightDecay]: decay,
    [AdamSetting.Shrinkage]: shrinkage,
  });
}

function sgdSettings(decay: number, dampening: number): number[] {
  return kernelSettings<SgdSetting>({
    [SgdSetting.LearningRate]: 0.1,
    [SgdSetting.WeightDecay]: decay,
    [SgdSetting.Momentum]: 0.9,
    [SgdSetting.OneMinusDampening]: 1 - dampening,
  });
}

function rmspropSettings(momentum: number): number[] {
  return kernelSettings<RmspropSetting>({
    [RmspropSetting.LearningRate]: 0.01,
    [RmspropSetting.WeightDecay]: 0.01,
    [RmspropSetting.Alpha]: 0.9,
    [RmspropSetting.OneMinusAlpha]: 1 - 0.9,
    [RmspropSetting.Epsilon]: 1e-3,
    [RmspropSetting.Momentum]: momentum,
  });
}

const ADAGRAD_SETTINGS = kernelSettings<AdagradSetting>({
  [AdagradSetting.LearningRate]: 0.1,
  [AdagradSetting.WeightDecay]: 0.01,
  [AdagradSetting.Epsilon]: 1e-10,
});

for (const [decay, shrinkage] of [[0, 1], [0.01, 1], [0, 0.99]]) {
  for (const amsgrad of [false, true]) {
    kernelTest(
      `adam equals the reference at every remainder, decay ${decay}, shrinkage ${shrinkage}, amsgrad ${amsgrad}`,
      ({ check }) => {
        for (const n of LENGTHS) {
          check(
            (space) => {
              const p = space.random(1, n), m = moment(space, n), v = moment(space, n);
              const vMax = amsgrad ? moment(space, n, (i) => i % 3 * 1e-3) : 0;
              const steps = Array.from({ length: STEPS }, (_, t) => {
                return { g: space.random(1, n), settings: space.values(adamSettings(t + 1, decay, shrinkage)) };
              });
              return (kernels) => {
                for (const { g, settings } of steps) kernels.adam(p, m, v, vMax, g, settings, n);
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
  kernelTest(
    `sgd and sgdMomentum equal the reference at every remainder, over several steps, weight decay ${decay}`,
    ({ check }) => {
      for (const n of LENGTHS) {
        check(
          (space) => {
            const p = space.random(1, n), q = space.random(1, n), r = space.random(1, n);
            const v = moment(space, n), w = moment(space, n);
            const first = space.values(sgdSettings(decay, 0)), settings = space.values(sgdSettings(decay, 0.3));
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
    },
  );
}

for (const centered of [false, true]) {
  for (const momentum of [0, 0.9]) {
    kernelTest(
      `rmsprop equals the reference at every remainder, over several steps, centered ${centered}, momentum ${momentum}`,
      ({ check }) => {
        for (const n of LENGTHS) {
          check(
            (space) => {
              // v begins at a value where v - mean mean cannot cancel.
              const p = space.random(1, n), v = moment(space, n, () => 1);
              const mean = centered ? moment(space, n) : 0, velocity = momentum ? moment(space, n) : 0;
              const settings = space.values(rmspropSettings(momentum));
              const gradients = Array.from({ length: STEPS }, () => space.random(1, n));
              return (kernels) => {
                for (const g of gradients) kernels.rmsprop(p, v, mean, velocity, g, settings, n);
              };
            },
            // With momentum the last velocity is a sum of up to STEPS gradients, each over its root.
            { absolute: STEPS * NEAR.absolute },
            `n ${n}`,
          );
        }
      },
    );
  }
}

kernelTest("adagrad equals the reference at every remainder, over several steps", ({ check }) => {
  for (const n of LENGTHS) {
    check(
      (space) => {
        const p = space.random(1, n), v = moment(space, n, () => 0.1), settings = space.values(ADAGRAD_SETTINGS);
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

kernelTest("average equals the reference at every remainder, over several steps, the first with mix 1", ({ check }) => {
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
