import { requireNumber, requireRate } from "../../errors.ts";
import { groupsOf, type Moment, type Optimizer, type OptimizerOptions } from "./optimizer.ts";
import { requireMomentum } from "./sgd.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  /** Decay of the mean square, and of the mean. Default 0.99. */
  alpha?: number;
  /** Added to the root. Default 1e-8. */
  epsilon?: number;
  /** Share of the last update's velocity that is kept. Default 0. */
  momentum?: number;
  /** Whether the variance of the gradient, not its mean square, is used (Graves 2013). Default false. */
  centered?: boolean;
}

/**
 * RMSprop (Hinton 2012), as PyTorch's `optim.RMSprop`: v = alpha v + (1 - alpha) g², p -= lr g / (sqrt(v) + epsilon),
 * the quotient through a velocity with momentum. Learning rate 1e-2 and weight decay (L2) 0 by default.
 *
 * @throws {OptionError} When an option is out of range.
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
  const { alpha = 0.99, epsilon = 1e-8, momentum = 0, centered = false, schedule } = options;
  requireRate("alpha", alpha);
  requireNumber("epsilon", epsilon, 0);
  requireRate("momentum", momentum);
  requireMomentum(schedule, momentum);
  const moments: Moment[] = [{ name: "square_avg", initial: 0 }];
  if (centered) moments.push({ name: "grad_avg", initial: 0 });
  if (momentum) moments.push({ name: "momentum_buffer", initial: 0 });
  return {
    name: "rmsprop",
    moments,
    groups: groupsOf(options, { learningRate: 1e-2, weightDecay: 0 }),
    schedule,
    settings: (_, { rate, weightDecay, momentum: now = momentum }) => [
      rate,
      weightDecay,
      alpha,
      1 - alpha,
      epsilon,
      now,
    ],
    update(k, value, gradient, settings, [square, ...others], n) {
      const mean = centered ? others.shift()! : 0, velocity = momentum ? others[0] : 0;
      k.rmsprop(value, square, mean, velocity, gradient, settings, n);
    },
  };
}
