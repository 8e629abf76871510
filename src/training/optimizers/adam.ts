import { type Optimizer, requireSetting } from "./optimizer.ts";

/** Options of `adam`. */
export interface AdamOptions {
  /** Step size. Default 1e-3. */
  learningRate?: number;
  /** Decay of the first and second moments. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  epsilon?: number;
  /** L2 penalty: added to the gradient as weightDecay * parameter. Default 0. */
  weightDecay?: number;
}

/**
 * Adam (Kingma & Ba 2015), as PyTorch's `optim.Adam`: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
 * p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon).
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { adam } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(adam({ learningRate: 2e-3 }).moments, 2);
 * ```
 */
export function adam(
  { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 }: AdamOptions = {},
): Optimizer {
  requireSetting("learningRate", learningRate, 0);
  betas.forEach((beta) => requireSetting("betas", beta, 0, 1));
  requireSetting("epsilon", epsilon, 0);
  requireSetting("weightDecay", weightDecay, 0);
  const [beta1, beta2] = betas;
  return {
    name: "adam",
    moments: 2,
    begin() {
      let power1 = 1, power2 = 1;
      return {
        next() {
          power1 *= beta1;
          power2 *= beta2;
          const correction = 1 / Math.sqrt(1 - power2);
          return [learningRate / (1 - power1), 1 - beta1, beta2, 1 - beta2, correction, epsilon, weightDecay];
        },
      };
    },
    update: (k, value, gradient, settings, [m, v], n) => k.adam(value, m, v, gradient, settings, n),
  };
}
