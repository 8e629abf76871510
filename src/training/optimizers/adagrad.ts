import { requireNumber } from "../../errors.ts";
import { groupsOf, type Optimizer, type OptimizerOptions } from "./optimizer.ts";
import { requireMomentum } from "./sgd.ts";

/** Options of `adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** The learning rate is divided by 1 + t learningRateDecay after t updates. Default 0. */
  learningRateDecay?: number;
  /** What the sums of squares start from. Default 0. */
  initialAccumulator?: number;
  /** Added to the root. Default 1e-10. */
  epsilon?: number;
}

/**
 * Adagrad (Duchi, Hazan & Singer 2011), as PyTorch's `optim.Adagrad`: v = v + g², p -= lr g / (sqrt(v) + epsilon).
 * Learning rate 1e-2 and weight decay (L2) 0 by default.
 *
 * @throws {OptionError} When an option is out of range.
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
  const { learningRateDecay = 0, initialAccumulator = 0, epsilon = 1e-10, schedule } = options;
  requireNumber("learningRateDecay", learningRateDecay, 0);
  requireNumber("initialAccumulator", initialAccumulator, 0);
  requireNumber("epsilon", epsilon, 0);
  requireMomentum(schedule, 0);
  return {
    name: "adagrad",
    moments: [{ name: "sum", initial: initialAccumulator }],
    groups: groupsOf(options, { learningRate: 1e-2, weightDecay: 0 }),
    schedule,
    settings: (updates, { rate, weightDecay }) => [rate / (1 + updates * learningRateDecay), weightDecay, epsilon],
    update: (k, value, gradient, settings, [sum], n) => k.adagrad(value, sum, gradient, settings, n),
  };
}
