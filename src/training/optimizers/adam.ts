import { AdamSetting } from "../../kernels/optimizer_settings.ts";
import { power } from "../../kernels/real.ts";
import { extended, flag, nonNegative, ratePair, readOptions, type Table } from "../../options.ts";
import { kernelSettings, OPTIMIZER, type Optimizer, type OptimizerOptions, parameterGroups } from "./optimizer.ts";

/** Options of `adam` and `adamw`. */
export interface AdamOptions extends OptimizerOptions {
  /**
   * Decay of the first and of the second moment, each from 0 to below 1.
   *
   * @default {[0.9, 0.999]}
   */
  betas?: readonly [number, number];
  /**
   * Number added to the root of the second moment.
   *
   * @default {1e-8}
   */
  epsilon?: number;
  /**
   * Whether to divide by the root of the largest second moment so far (Reddi et al. 2018).
   *
   * @default {false}
   */
  amsgrad?: boolean;
}

const ADAM = /* @__PURE__ */ extended(OPTIMIZER, {
  betas: [ratePair, [0.9, 0.999]],
  epsilon: [nonNegative, 1e-8],
  amsgrad: [flag, false],
}) satisfies Table<AdamOptions>;

/**
 * Adam (Kingma & Ba 2015), as PyTorch's `optim.Adam`: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
 * p -= lr (m / (1 - b1^t)) / (sqrt(v) / sqrt(1 - b2^t) + epsilon). The default learning rate is 1e-3, the default
 * weight decay (L2) is 0.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { adam, cosine } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = adam({
 *   learningRate: 2e-3,
 *   schedule: cosine({ steps: 10_000, warmUp: 500 }),
 *   groups: [{ parameters: ["embedding.*"], learningRate: 1e-4 }],
 * });
 * assertEquals(optimizer.moments.map(({ name }) => name), ["exp_avg", "exp_avg_sq"]);
 * ```
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adaptiveMoments("adam", options, 0, false);
}

/**
 * AdamW (Loshchilov & Hutter 2019), as PyTorch's `optim.AdamW`: Adam with decoupled weight decay. The decay does not
 * enter the moments; before the step it shrinks the parameters, p = (1 - lr weightDecay) p. The default learning rate
 * is 1e-3, the default weight decay is 1e-2.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { adamw } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = adamw({ groups: [{ parameters: ["*bias*"], weightDecay: 0 }] });
 * assertEquals(optimizer.groups.map(({ weightDecay }) => weightDecay), [0.01, 0]);
 * ```
 */
export function adamw(options: AdamOptions = {}): Optimizer {
  return adaptiveMoments("adamw", options, 1e-2, true);
}

function adaptiveMoments(name: string, options: AdamOptions, weightDecay: number, decoupled: boolean): Optimizer {
  const read = readOptions(name, ADAM, options);
  const { betas, epsilon, amsgrad, schedule } = read;
  const moments = ["exp_avg", "exp_avg_sq", ...(amsgrad ? ["max_exp_avg_sq"] : [])];
  return {
    name,
    moments: moments.map((name) => ({ name, initial: 0 })),
    groups: parameterGroups(read, { learningRate: 1e-3, weightDecay }),
    schedule,
    settings(updates, { learningRate, weightDecay, momentum: beta1 = betas[0] }) {
      const beta2 = betas[1];
      const t = updates + 1;
      return kernelSettings<AdamSetting>({
        [AdamSetting.StepSize]: learningRate / (1 - power(beta1, t)),
        [AdamSetting.OneMinusBeta1]: 1 - beta1,
        [AdamSetting.Beta2]: beta2,
        [AdamSetting.OneMinusBeta2]: 1 - beta2,
        [AdamSetting.RootCorrection2]: Math.sqrt(1 - power(beta2, t)),
        [AdamSetting.Epsilon]: epsilon,
        [AdamSetting.WeightDecay]: decoupled ? 0 : weightDecay,
        [AdamSetting.Shrinkage]: decoupled ? 1 - learningRate * weightDecay : 1,
      });
    },
    update: (k, value, gradient, settings, [m, v, largest = 0], n) =>
      k.adam(value, m, v, largest, gradient, settings, n),
  };
}
