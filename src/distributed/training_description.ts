import type { TrainingAccess } from "../session/training_access.ts";
import type { WorldOptions } from "../trainer/options.ts";
import { VERSION } from "./version.ts";

/** What must be the same on all ranks that train one net together, fit for JSON. */
export function describeTraining({ description }: TrainingAccess, options: WorldOptions): Record<string, unknown> {
  const { epochs, steps, batch, shuffle, bucket, carry, accumulate } = options;
  const { evaluate, metrics, monitor, patience, restoreBest } = options;
  return {
    version: VERSION,
    ...description,
    fit: { epochs, steps, batch, shuffle, bucket, carry, accumulate, monitor, patience, restoreBest },
    evaluate: evaluate && { every: evaluate.every, averages: evaluate.averages, metrics: Object.keys(metrics ?? {}) },
  };
}
