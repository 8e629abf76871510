import { type Optimizer, requireSetting } from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions {
  /** Step size. Default 0.1. */
  learningRate?: number;
  /** Share of the last step's velocity that is kept. Default 0: plain gradient descent. */
  momentum?: number;
  /** L2 penalty: added to the gradient as weightDecay * parameter. Default 0. */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent, with momentum as PyTorch's `optim.SGD` has it: v = momentum v + g, p -= lr v.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { sgd } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sgd({ learningRate: 0.5, momentum: 0.9 }).moments, 1);
 * ```
 */
export function sgd({ learningRate = 0.1, momentum = 0, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  requireSetting("learningRate", learningRate, 0);
  requireSetting("momentum", momentum, 0, 1);
  requireSetting("weightDecay", weightDecay, 0);
  const settings = [learningRate, momentum, weightDecay];
  return {
    name: "sgd",
    moments: momentum ? 1 : 0,
    begin: () => ({ next: () => settings }),
    update(k, value, gradient, address, [velocity], n) {
      if (momentum) k.sgdMomentum(value, velocity, gradient, address, n);
      else k.sgd(value, gradient, address, n);
    },
  };
}
