import { requireInteger } from "../../errors.ts";
import { cosTurn } from "../../kernels/real.ts";
import { anything, natural, nonNegative, readOptions, REQUIRED, type Table } from "../../options.ts";
import type { Schedule } from "./schedule.ts";

/** Options of `cosine`. */
export interface CosineOptions {
  /** Number of updates until the minimum, warm-up included. */
  steps: number;
  /**
   * Number of updates of linear warm-up at the start.
   *
   * @default {0}
   */
  warmUp?: number;
  /**
   * Share of the learning rate that the warm-up starts from. The default is that of PyTorch's `LinearLR`.
   *
   * @default {1 / 3}
   */
  start?: number;
  /**
   * The learning rate after `steps` updates.
   *
   * @default {0}
   */
  minimum?: number;
}

const COSINE = {
  steps: [anything, REQUIRED], // More than the warm-up.
  warmUp: [natural, 0],
  start: [nonNegative, 0.3333333333333333], // 1 / 3: bundlers keep what is computed.
  minimum: [nonNegative, 0],
} satisfies Table<CosineOptions>;

/**
 * Half a cosine wave from the learning rate down to a minimum (Loshchilov & Hutter 2017), after a linear warm-up:
 * PyTorch's `CosineAnnealingLR` with `T_max = steps - warmUp`, after a `LinearLR` of `warmUp` steps in a
 * `SequentialLR`. After `steps` updates the rate stays at the minimum, where PyTorch's rises again.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { cosine } from "@unroll/rnn";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const schedule = cosine({ steps: 110, warmUp: 10, start: 0.1, minimum: 0.01 });
 * assertEquals([10, 110, 200].map((updates) => schedule.rate(1, updates, {})), [1, 0.01, 0.01]);
 * assertAlmostEquals(schedule.rate(1, 0, {}), 0.1);
 * assertAlmostEquals(schedule.rate(1, 60, {}), 0.505);
 * ```
 */
export function cosine(options: CosineOptions): Schedule {
  const { steps, warmUp, start, minimum } = readOptions("cosine", COSINE, options);
  requireInteger("steps", steps, warmUp + 1);
  return {
    name: "cosine",
    initial: {},
    rate(learningRate, updates) {
      if (updates < warmUp) return learningRate * (start + (1 - start) * updates / warmUp);
      const share = Math.min(1, (updates - warmUp) / (steps - warmUp));
      return minimum + (learningRate - minimum) * (1 + cosTurn(share / 2)) / 2;
    },
  };
}
