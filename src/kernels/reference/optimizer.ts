/** Reference kernels of assembly/optimizer.ts: optimizer updates over flat ranges. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { AdagradSetting, AdamSetting, RmspropSetting, SgdSetting } from "../optimizer_settings.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

type Optimizers = "adam" | "sgd" | "sgdMomentum" | "rmsprop" | "adagrad" | "average";

export function optimizerKernels(arena: Arena, { round }: NumberMode): Pick<Kernels, Optimizers> {
  /** c + a b */
  function madd(a: number, b: number, c: number): number {
    return round(c + round(a * b));
  }

  return {
    adam(P, M, V, X, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, m = M >> 2, v = V >> 2, x = X >> 2, g = G >> 2;
      const s = arena.floats(settings, 8);
      const stepSize = s[AdamSetting.StepSize], mix1 = s[AdamSetting.OneMinusBeta1];
      const beta2 = s[AdamSetting.Beta2], mix2 = s[AdamSetting.OneMinusBeta2];
      const rootCorrection2 = s[AdamSetting.RootCorrection2], epsilon = s[AdamSetting.Epsilon];
      const decay = s[AdamSetting.WeightDecay], shrinkage = s[AdamSetting.Shrinkage];
      for (let i = 0; i < n; i++) {
        const weight = f[p + i];
        const gradient = madd(decay, weight, f[g + i]);
        const first = madd(mix1, round(gradient - f[m + i]), f[m + i]);
        const second = madd(round(mix2 * gradient), gradient, round(f[v + i] * beta2));
        const moment = X && second < f[x + i] ? f[x + i] : second;
        const root = round(round(round(Math.sqrt(moment)) / rootCorrection2) + epsilon);
        f[m + i] = first, f[v + i] = second;
        if (X) f[x + i] = moment;
        f[p + i] = round(weight * shrinkage) - round(round(stepSize * first) / root);
      }
    },
    sgd(P, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, g = G >> 2;
      const s = arena.floats(settings, 2);
      const rate = s[SgdSetting.LearningRate], decay = s[SgdSetting.WeightDecay];
      for (let i = 0; i < n; i++) f[p + i] -= round(rate * madd(decay, f[p + i], f[g + i]));
    },
    sgdMomentum(P, V, G, settings, n, nesterov) {
      const f = elements(arena);
      const p = P >> 2, v = V >> 2, g = G >> 2;
      const s = arena.floats(settings, 4);
      const rate = s[SgdSetting.LearningRate], decay = s[SgdSetting.WeightDecay];
      const momentum = s[SgdSetting.Momentum], mix = s[SgdSetting.OneMinusDampening];
      for (let i = 0; i < n; i++) {
        const gradient = madd(decay, f[p + i], f[g + i]);
        const velocity = madd(mix, gradient, round(f[v + i] * momentum));
        f[v + i] = velocity;
        f[p + i] -= round(rate * (nesterov ? madd(momentum, velocity, gradient) : velocity));
      }
    },
    rmsprop(P, V, A, B, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, v = V >> 2, a = A >> 2, b = B >> 2, g = G >> 2;
      const s = arena.floats(settings, 6);
      const rate = s[RmspropSetting.LearningRate], decay = s[RmspropSetting.WeightDecay];
      const alpha = s[RmspropSetting.Alpha], mix = s[RmspropSetting.OneMinusAlpha];
      const epsilon = s[RmspropSetting.Epsilon], momentum = s[RmspropSetting.Momentum];
      for (let i = 0; i < n; i++) {
        const gradient = madd(decay, f[p + i], f[g + i]);
        const square = madd(round(mix * gradient), gradient, round(f[v + i] * alpha));
        f[v + i] = square;
        let spread = square;
        if (A) {
          const mean = madd(mix, round(gradient - f[a + i]), f[a + i]);
          f[a + i] = mean;
          spread = madd(-mean, mean, square);
        }
        const root = round(round(Math.sqrt(spread)) + epsilon);
        if (B) {
          const velocity = round(round(f[b + i] * momentum) + round(gradient / root));
          f[b + i] = velocity;
          f[p + i] -= round(rate * velocity);
        } else {
          f[p + i] -= round(round(rate * gradient) / root);
        }
      }
    },
    adagrad(P, V, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, v = V >> 2, g = G >> 2;
      const s = arena.floats(settings, 3);
      const rate = s[AdagradSetting.LearningRate], decay = s[AdagradSetting.WeightDecay];
      const epsilon = s[AdagradSetting.Epsilon];
      for (let i = 0; i < n; i++) {
        const gradient = madd(decay, f[p + i], f[g + i]);
        const square = madd(gradient, gradient, f[v + i]);
        f[v + i] = square;
        f[p + i] -= round(round(rate * gradient) / round(round(Math.sqrt(square)) + epsilon));
      }
    },
    average(A, P, mix, n) {
      const f = elements(arena);
      const a = A >> 2, p = P >> 2, factor = f[mix >> 2];
      for (let i = 0; i < n; i++) f[a + i] = madd(factor, round(f[p + i] - f[a + i]), f[a + i]);
    },
  };
}
