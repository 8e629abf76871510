import { AdagradSetting } from "../../kernels/optimizer_settings.ts";
import { extended, nonNegative, readOptions, type Table } from "../../options.ts";
import {
  kernelSettings,
  OPTIMIZER,
  type Optimizer,
  type OptimizerOptions,
  parameterGroups,
  requireMomentum,
} from "./optimizer.ts";

/** Options of `adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /**
   * Decay of the learning rate: after t updates the learning rate is divided by 1 + t learningRateDecay.
   *
   * @default {0}
   */
  learningRateDecay?: number;
  /**
   * Value of every sum of squares before the first update.
   *
   * @default {0}
   */
  initialAccumulator?: number;
  /**
   * Number added to the root.
   *
   * @default {1e-10}
   */
  epsilon?: number;
}

const ADAGRAD = /* @__PURE__ */ extended(OPTIMIZER, {
  learningRateDecay: [nonNegative, 0],
  initialAccumulator: [nonNegative, 0],
  epsilon: [nonNegative, 1e-10],
}) satisfies Table<AdagradOptions>;

/**
 * Adagrad (Duchi, Hazan & Singer 2011), as PyTorch's `optim.Adagrad`: v = v + g², p -= lr g / (sqrt(v) + epsilon).
 * The default learning rate is 1e-2, the default weight decay (L2) is 0.
 *
 * @throws {OptionError} When an option is out of range, or the schedule changes the momentum.
 *
 * @example
 * ```ts
 * import { adagrad } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(adagrad({ initialAccumulator: 0.1 }).moments, [{ name: "sum", initial: 0.1 }]);
 * ```
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const read = readOptions("adagrad", ADAGRAD, options);
  const { learningRateDecay, initialAccumulator, epsilon, schedule } = read;
  requireMomentum(schedule, 0);
  return {
    name: "adagrad",
    moments: [{ name: "sum", initial: initialAccumulator }],
    groups: parameterGroups(read, { learningRate: 1e-2, weightDecay: 0 }),
    schedule,
    settings: (updates, { learningRate, weightDecay }) =>
      kernelSettings<AdagradSetting>({
        [AdagradSetting.LearningRate]: learningRate / (1 + updates * learningRateDecay),
        [AdagradSetting.WeightDecay]: weightDecay,
        [AdagradSetting.Epsilon]: epsilon,
      }),
    update: (k, value, gradient, settings, [sum], n) => k.adagrad(value, sum, gradient, settings, n),
  };
}
