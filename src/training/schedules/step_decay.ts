import { requireInteger, requireNumber } from "../../errors.ts";
import { power } from "../../kernels/real.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Multiplies the learning rate by `factor` (default 0.1) after every `every` updates: PyTorch's `StepLR`.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { sgd, stepDecay } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = stepDecay({ every: 1000, factor: 0.5 });
 * assertEquals([0, 999, 1000, 2000].map((updates) => schedule.rate(0.1, updates, {})), [0.1, 0.1, 0.05, 0.025]);
 * assertEquals(sgd({ learningRate: 0.1, schedule }).schedule, schedule);
 * ```
 */
export function stepDecay({ every, factor = 0.1 }: { every: number; factor?: number }): Schedule {
  requireInteger("every", every, 1);
  requireNumber("factor", factor, 0);
  return {
    name: "step decay",
    initial: {},
    rate: (learningRate, updates) => learningRate * power(factor, Math.floor(updates / every)),
  };
}

/**
 * Multiplies the learning rate by `factor` after every update: PyTorch's `ExponentialLR`.
 *
 * @throws {OptionError} When the factor is out of range.
 *
 * @example
 * ```ts
 * import { exponentialDecay } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = exponentialDecay({ factor: 0.5 });
 * assertEquals([0, 1, 2].map((updates) => schedule.rate(0.1, updates, {})), [0.1, 0.05, 0.025]);
 * ```
 */
export function exponentialDecay({ factor }: { factor: number }): Schedule {
  requireNumber("factor", factor, 0);
  return {
    name: "exponential decay",
    initial: {},
    rate: (learningRate, updates) => learningRate * power(factor, updates),
  };
}
