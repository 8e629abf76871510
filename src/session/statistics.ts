import { partsOf } from "../layers/layer.ts";
import { batchOf, type PackedBatch } from "../runtime/packed_batch.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** A histogram: counts in bins of equal width. */
export interface Histogram {
  /** The smallest number, at which the first bin begins. */
  readonly low: number;
  /** The largest number, at which the last bin ends. */
  readonly high: number;
  /** The counts of the 40 bins. */
  readonly counts: readonly number[];
}

const BINS = 40;

/** The histogram of the finite numbers that `visitAll` visits; `visitAll` is called twice. */
export function histogram(visitAll: (visit: (value: number) => void) => void): Histogram {
  let low = Infinity, high = -Infinity;
  const visitFinite = (visit: (value: number) => void) => visitAll((value) => Number.isFinite(value) && visit(value));
  visitFinite((value) => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  });
  const counts = new Array<number>(BINS).fill(0);
  // When all numbers are equal, the quotient is NaN and the bin is 0.
  visitFinite((value) => counts[Math.min(BINS - 1, (value - low) / (high - low) * BINS | 0)]++);
  return { low, high, counts };
}

/** Statistics of the outputs of one layer in one call, without those behind a row's length. */
export interface ActivationStatistics {
  /** Mean. */
  readonly mean: number;
  /** Standard deviation. */
  readonly deviation: number;
  /**
   * Share of the outputs beyond ±0.97, where the slope of a tanh, 1 - y², is below 0.06 and gradients vanish (Glorot &
   * Bengio 2010). The share means nothing for outputs without such a limit, as those of `dense` and
   * `activation("relu")`.
   */
  readonly saturated: number;
  /** Distribution of the outputs. */
  readonly histogram: Histogram;
}

const SATURATED = 0.97;

/** The statistics of every layer whose outputs are values, by the layer's name. */
export function activationStatistics(
  { plan: { layer }, io }: TrainingRunner,
  batch: PackedBatch,
): Map<string, ActivationStatistics> {
  const parts = partsOf(layer, "output");
  const ofValues = parts.filter(({ output }) => output.kind === "values");
  return new Map(ofValues.map((part) => {
    const layerBatch = batchOf(part.output, part.decoder, batch);
    const visitAll = (visit: (value: number) => void) => io.forEachOutput(part.output.value, layerBatch, visit);
    let n = 0;
    let sum = 0;
    let saturated = 0;
    visitAll((value) => {
      n++;
      sum += value;
      if (Math.abs(value) > SATURATED) saturated++;
    });
    const mean = sum / n;
    // A second walk: the difference of two large sums would lose the deviation of values far from 0.
    let squares = 0;
    visitAll((value) => squares += (value - mean) * (value - mean));
    const deviation = Math.sqrt(squares / n);
    return [part.name, { mean, deviation, saturated: saturated / n, histogram: histogram(visitAll) }];
  }));
}
