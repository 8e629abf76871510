import { RmspropSetting } from "../../kernels/optimizer_settings.ts";
import { extended, flag, nonNegative, rate, readOptions, type Table } from "../../options.ts";
import {
  kernelSettings,
  type Moment,
  OPTIMIZER,
  type Optimizer,
  type OptimizerOptions,
  parameterGroups,
  requireMomentum,
} from "./optimizer.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  /**
   * Decay of the mean square, and of the mean, from 0 to below 1.
   *
   * @default {0.99}
   */
  alpha?: number;
  /**
   * Number added to the root.
   *
   * @default {1e-8}
   */
  epsilon?: number;
  /**
   * Factor of the last update's velocity, from 0 to below 1.
   *
   * @default {0}
   */
  momentum?: number;
  /**
   * Whether to divide by the root of the gradient's variance, not of its mean square (Graves 2013).
   *
   * @default {false}
   */
  centered?: boolean;
}

const RMSPROP = /* @__PURE__ */ extended(OPTIMIZER, {
  alpha: [rate, 0.99],
  epsilon: [nonNegative, 1e-8],
  momentum: [rate, 0],
  centered: [flag, false],
}) satisfies Table<RmspropOptions>;

/**
 * RMSprop (Hinton 2012), as PyTorch's `optim.RMSprop`: v = alpha v + (1 - alpha) g², r = g / (sqrt(v) + epsilon), then
 * p -= lr r, or, with momentum, b = momentum b + r and p -= lr b. The default learning rate is 1e-2, the default weight
 * decay (L2) is 0.
 *
 * @throws {OptionError} When an option is out of range, or the schedule changes a momentum that is 0.
 *
 * @example
 * ```ts
 * import { rmsprop } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const { moments } = rmsprop({ learningRate: 1e-3, momentum: 0.9, centered: true });
 * assertEquals(moments.map(({ name }) => name), ["square_avg", "grad_avg", "momentum_buffer"]);
 * ```
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const read = readOptions("rmsprop", RMSPROP, options);
  const { alpha, epsilon, momentum, centered, schedule } = read;
  requireMomentum(schedule, momentum);
  const moments: Moment[] = [{ name: "square_avg", initial: 0 }];
  if (centered) moments.push({ name: "grad_avg", initial: 0 });
  if (momentum) moments.push({ name: "momentum_buffer", initial: 0 });
  return {
    name: "rmsprop",
    moments,
    groups: parameterGroups(read, { learningRate: 1e-2, weightDecay: 0 }),
    schedule,
    settings: (_, { learningRate, weightDecay, momentum: now = momentum }) =>
      kernelSettings<RmspropSetting>({
        [RmspropSetting.LearningRate]: learningRate,
        [RmspropSetting.WeightDecay]: weightDecay,
        [RmspropSetting.Alpha]: alpha,
        [RmspropSetting.OneMinusAlpha]: 1 - alpha,
        [RmspropSetting.Epsilon]: epsilon,
        [RmspropSetting.Momentum]: now,
      }),
    update(k, value, gradient, settings, [square, ...others], n) {
      const mean = centered ? others.shift()! : 0;
      const velocity = momentum ? others[0] : 0;
      k.rmsprop(value, square, mean, velocity, gradient, settings, n);
    },
  };
}
