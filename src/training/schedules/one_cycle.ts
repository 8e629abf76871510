import { OptionError, requireInteger } from "../../errors.ts";
import { cosTurn } from "../../kernels/real.ts";
import { anything, flag, positive, ratePair, readOptions, REQUIRED, type Table } from "../../options.ts";
import type { Schedule } from "./schedule.ts";

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** Number of updates of the cycle. */
  steps: number;
  /**
   * Share of the updates in which the rate rises, from 0 to 1.
   *
   * @default {0.3}
   */
  rise?: number;
  /**
   * Ratio of the learning rate to the rate at the start.
   *
   * @default {25}
   */
  startDivisor?: number;
  /**
   * Ratio of the rate at the start to the rate at the end.
   *
   * @default {1e4}
   */
  endDivisor?: number;
  /**
   * The curve between two rates.
   *
   * @default {"cosine"}
   */
  curve?: "cosine" | "linear";
  /**
   * Whether the rate first falls to the rate at the start, in as many updates as it rose, and then to the end.
   *
   * @default {false}
   */
  threePhase?: boolean;
  /**
   * Lowest and highest momentum (or first beta): the highest at the start, the lowest where the rate is largest.
   * PyTorch's default is [0.85, 0.95]. Default: the optimizer's momentum.
   */
  momentum?: readonly [low: number, high: number];
}

const ONE_CYCLE = {
  steps: [(name, value) => requireInteger(name, value, 2), REQUIRED],
  rise: [anything, 0.3], // The most depends on `threePhase`.
  startDivisor: [positive, 25],
  endDivisor: [positive, 1e4],
  curve: [["cosine", "linear"], "cosine"],
  threePhase: [flag, false],
  momentum: [ratePair],
} satisfies Table<OneCycleOptions>;

/**
 * The learning rate rises to its full value, then falls to almost zero (Smith & Topin 2018): PyTorch's `OneCycleLR`
 * with the optimizer's learning rate as `max_lr`. After `steps` updates the rate is constant.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { oneCycle } from "@unroll/rnn/schedules";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule = oneCycle({ steps: 100 });
 * assertAlmostEquals(schedule.rate(1, 0, {}), 1 / 25);
 * assertAlmostEquals(schedule.rate(1, 29, {}), 1);
 * assertAlmostEquals(schedule.rate(1, 99, {}), 1 / 25 / 1e4);
 * ```
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const read = readOptions("oneCycle", ONE_CYCLE, options);
  const { steps, rise, startDivisor, endDivisor, curve, threePhase, momentum } = read;
  const most = threePhase ? 0.5 : 1;
  if (!(rise >= 0 && rise <= most)) throw new OptionError(`"rise" must be a number from 0 to ${most}, got ${rise}`);
  const ends = threePhase ? [rise * steps - 1, 2 * rise * steps - 2, steps - 1] : [rise * steps - 1, steps - 1];

  /** Interpolates `values`: the value at the start, then the value at the end of each phase. */
  function interpolate(updates: number, values: readonly number[]): number {
    const update = Math.min(updates, steps - 1), phase = ends.findIndex((end) => update <= end);
    const from = phase ? ends[phase - 1] : 0;
    const share = ends[phase] > from ? (update - from) / (ends[phase] - from) : 1;
    const [start, end] = values.slice(phase);
    if (curve === "linear") return (end - start) * share + start;
    return end + (start - end) / 2 * (cosTurn(share / 2) + 1);
  }

  return {
    name: "one cycle",
    initial: {},
    rate(learningRate, updates) {
      const start = learningRate / startDivisor, end = start / endDivisor;
      return interpolate(updates, threePhase ? [start, learningRate, start, end] : [start, learningRate, end]);
    },
    momentum: momentum && ((updates) => {
      const [low, high] = momentum;
      return interpolate(updates, threePhase ? [high, low, high, high] : [high, low, high]);
    }),
  };
}
