import { power } from "../../kernels/real.ts";
import { count, nonNegative, readOptions, REQUIRED, type Table } from "../../options.ts";
import type { Schedule } from "./schedule.ts";

const STEP_DECAY = {
  every: [count, REQUIRED],
  factor: [nonNegative, 0.1],
} satisfies Table<Parameters<typeof stepDecay>[0]>;

const EXPONENTIAL_DECAY = { factor: [nonNegative, REQUIRED] } satisfies Table<Parameters<typeof exponentialDecay>[0]>;

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
export function stepDecay(options: { every: number; factor?: number }): Schedule {
  const { every, factor } = readOptions("stepDecay", STEP_DECAY, options);
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
export function exponentialDecay(options: { factor: number }): Schedule {
  const { factor } = readOptions("exponentialDecay", EXPONENTIAL_DECAY, options);
  return {
    name: "exponential decay",
    initial: {},
    rate: (learningRate, updates) => learningRate * power(factor, updates),
  };
}
