import { OptionError } from "../../errors.ts";
import { SgdSetting } from "../../kernels/optimizer_settings.ts";
import { extended, flag, nonNegative, rate, readOptions, type Table } from "../../options.ts";
import {
  kernelSettings,
  OPTIMIZER,
  type Optimizer,
  type OptimizerOptions,
  parameterGroups,
  requireMomentum,
} from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  /**
   * Factor of the last update's velocity, from 0 to below 1. With 0 the optimizer is plain gradient descent.
   *
   * @default {0}
   */
  momentum?: number;
  /**
   * Reduction of the gradient in the velocity: from the second update on its factor is 1 - dampening.
   *
   * @default {0}
   */
  dampening?: number;
  /**
   * Whether to take Nesterov's step, along the gradient and the new velocity. Needs `momentum` > 0 and `dampening` 0.
   *
   * @default {false}
   */
  nesterov?: boolean;
}

const SGD = /* @__PURE__ */ extended(OPTIMIZER, {
  momentum: [rate, 0],
  dampening: [nonNegative, 0],
  nesterov: [flag, false],
}) satisfies Table<SgdOptions>;

/**
 * Stochastic gradient descent with momentum, as PyTorch's `optim.SGD`: v = momentum v + (1 - dampening) g, then
 * p -= lr v, or, with `nesterov`, p -= lr (g + momentum v). The default learning rate is 0.1, the default weight decay
 * (L2) is 0.
 *
 * @throws {OptionError} When an option is out of range, or the schedule changes a momentum that is 0.
 *
 * @example
 * ```ts
 * import { sgd } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true }).moments.length, 1);
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const read = readOptions("sgd", SGD, options);
  const { momentum, dampening, nesterov, schedule } = read;
  if (nesterov && (!momentum || dampening)) {
    throw new OptionError(`"nesterov" needs "momentum" > 0 and "dampening" 0, got ${momentum} and ${dampening}`);
  }
  requireMomentum(schedule, momentum);
  return {
    name: "sgd",
    moments: momentum ? [{ name: "momentum_buffer", initial: 0 }] : [],
    groups: parameterGroups(read, { learningRate: 0.1, weightDecay: 0 }),
    schedule,
    settings: (updates, { learningRate, weightDecay, momentum: now = momentum }) =>
      kernelSettings<SgdSetting>({
        [SgdSetting.LearningRate]: learningRate,
        [SgdSetting.WeightDecay]: weightDecay,
        [SgdSetting.Momentum]: now,
        [SgdSetting.OneMinusDampening]: updates ? 1 - dampening : 1,
      }),
    update(k, value, gradient, settings, [velocity], n) {
      if (momentum) k.sgdMomentum(value, velocity, gradient, settings, n, nesterov ? 1 : 0);
      else k.sgd(value, gradient, settings, n);
    },
  };
}
