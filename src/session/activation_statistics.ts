import type { TrainingIO } from "./training_io.ts";
import { callOf, type PackedBatch } from "../runtime/packed_batch.ts";
import { type Histogram, histogram } from "./histogram.ts";
import type { NetPlan } from "../runtime/plan.ts";

/** What the outputs of a layer were like in a call, padding left out. */
export interface ActivationStatistics {
  /** Their mean. */
  readonly mean: number;
  /** Their standard deviation. */
  readonly deviation: number;
  /**
   * The share of them beyond ±0.97, where the slope of a tanh, 1 - y², is below 0.06 and gradients vanish (Glorot &
   * Bengio 2010). It means nothing for outputs that have no such limit: of `dense`, of `activation("relu")`.
   */
  readonly saturated: number;
  /** How they are distributed. */
  readonly histogram: Histogram;
}

const SATURATED = 0.97;

/** The statistics of every layer whose outputs are values, by the layer's name. */
export function activationStatistics(
  plan: NetPlan,
  border: TrainingIO,
  call: PackedBatch,
): Map<string, ActivationStatistics> {
  const { layer } = plan, parts = layer.parts ?? [{ name: "output", output: layer.output }];
  const values = parts.filter(({ output }) => output.kind === "values");
  return new Map(values.map((part) => {
    const inside = callOf(part, call), { name, output: { value: slot } } = part;
    const visitAll = (visit: (value: number) => void) => border.forEachOutput(slot, inside, visit);
    let n = 0, sum = 0, squares = 0, saturated = 0;
    visitAll((value) => {
      n++;
      sum += value;
      if (Math.abs(value) > SATURATED) saturated++;
    });
    const mean = sum / n;
    // In a second walk, as the difference of two large sums would lose the deviation of values far from 0.
    visitAll((value) => squares += (value - mean) * (value - mean));
    const deviation = Math.sqrt(squares / n);
    return [name, { mean, deviation, saturated: saturated / n, histogram: histogram(visitAll) }];
  }));
}
