import { natural, nonNegative, rate, readOptions, type Table } from "../../options.ts";
import type { Schedule, ScheduleState } from "./schedule.ts";

/** Options of `reduceOnPlateau`. */
export interface ReduceOnPlateauOptions {
  /**
   * Whether a lower metric is better, or a higher one.
   *
   * @default {"min"}
   */
  mode?: "min" | "max";
  /**
   * Factor of the learning rate at a reduction, from 0 to below 1.
   *
   * @default {0.1}
   */
  factor?: number;
  /**
   * Number of reports in a row without improvement that cause no reduction.
   *
   * @default {10}
   */
  patience?: number;
  /**
   * The smallest improvement that counts.
   *
   * @default {1e-4}
   */
  threshold?: number;
  /**
   * Whether the threshold is a share of the best metric, or a difference.
   *
   * @default {"relative"}
   */
  thresholdMode?: "relative" | "absolute";
  /**
   * Number of reports after a reduction that do not count as reports without improvement.
   *
   * @default {0}
   */
  cooldown?: number;
  /**
   * The smallest learning rate.
   *
   * @default {0}
   */
  minimum?: number;
  /**
   * A reduction by at most this number is not made.
   *
   * @default {1e-8}
   */
  epsilon?: number;
}

const REDUCE_ON_PLATEAU = {
  mode: [["min", "max"], "min"],
  factor: [rate, 0.1],
  patience: [natural, 10],
  threshold: [nonNegative, 1e-4],
  thresholdMode: [["relative", "absolute"], "relative"],
  cooldown: [natural, 0],
  minimum: [nonNegative, 0],
  epsilon: [nonNegative, 1e-8],
} satisfies Table<ReduceOnPlateauOptions>;

/** The state after some reports. The rate follows from the number of reductions. */
interface PlateauState extends Readonly<Record<string, number | null>> {
  /** The best metric; null before the first report. */
  readonly best: number | null;
  /** Number of reports since the best metric. */
  readonly bad: number;
  /** Number of reports that the cooldown still lasts. */
  readonly cooldown: number;
  /** Number of reductions. */
  readonly reductions: number;
}

/**
 * Reduces the learning rate when a metric stops improving: PyTorch's `ReduceLROnPlateau`. Give the metric to
 * `Session.report`.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { reduceOnPlateau } from "@unroll/rnn/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = reduceOnPlateau({ factor: 0.5, patience: 1 });
 * let state = schedule.initial;
 * for (const loss of [3, 2, 2, 2]) state = schedule.report!(state, loss);
 * assertEquals(schedule.rate(0.1, 0, state), 0.05);
 * ```
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): Schedule {
  const read = readOptions("reduceOnPlateau", REDUCE_ON_PLATEAU, options);
  const { mode, factor, patience, threshold, thresholdMode, cooldown, minimum, epsilon } = read;
  const sign = mode === "min" ? -1 : 1;

  function isBetter(metric: number, best: number): boolean {
    const level = thresholdMode === "relative" ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === "min" ? metric < level : metric > level;
  }

  return {
    name: "reduce on plateau",
    initial: { best: null, bad: 0, cooldown: 0, reductions: 0 } satisfies PlateauState,
    rate(learningRate, _, state) {
      const { reductions } = state as PlateauState;
      for (let i = 0; i < reductions; i++) {
        const reduced = Math.max(learningRate * factor, minimum);
        // All further reductions would be as small.
        if (!(learningRate - reduced > epsilon)) break;
        learningRate = reduced;
      }
      return learningRate;
    },
    report(state, metric): ScheduleState {
      const before = state as PlateauState, improved = isBetter(metric, before.best ?? -sign * Infinity);
      const best = improved ? metric : before.best, cooling = before.cooldown > 0;
      const bad = improved || cooling ? 0 : before.bad + 1;
      if (bad > patience) return { best, bad: 0, cooldown, reductions: before.reductions + 1 };
      return { best, bad, cooldown: cooling ? before.cooldown - 1 : 0, reductions: before.reductions };
    },
  };
}
