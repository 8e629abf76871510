/** What must be the same on all ranks of a training, and where ranks differ. */
import type { TrainingAccess } from "../session/training_access.ts";
import type { WorldOptions } from "../trainer/options.ts";
import { MpiError } from "./mpi_error.ts";
import { VERSION } from "./version.ts";

/** The longest excerpt of a value in an error message, in characters. */
const EXCERPT = 160;
/** Characters of an excerpt before the first difference. */
const CONTEXT = 40;

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

/**
 * The error for ranks that begin different trainings. The message has the first difference of each rank from rank 0.
 *
 * @param trainings The description of each rank.
 */
export function mismatchError(trainings: readonly Record<string, unknown>[]): MpiError {
  const [first, ...others] = trainings;
  const differences = others.flatMap((training, i) => {
    const keys = [...new Set([...Object.keys(first), ...Object.keys(training)])];
    const key = keys.find((key) => JSON.stringify(training[key]) !== JSON.stringify(first[key]));
    return key === undefined ? [] : [`"${key}" of rank ${i + 1} is ${describeDifference(training[key], first[key])}`];
  });
  return new MpiError(
    `Cannot train together: ${differences.join("; ")}; ` +
      "all ranks must run the same program with the same version of the library",
  );
}

/** Two different values, from a little before their first difference on. */
function describeDifference(value: unknown, valueOfRank0: unknown): string {
  const [a, b] = [value, valueOfRank0].map((value) => JSON.stringify(value) ?? "missing");
  let difference = 0;
  while (a[difference] === b[difference]) difference++;
  const from = Math.max(0, difference - CONTEXT);
  const to = from + EXCERPT;
  const excerpt = (text: string) => `${from ? "…" : ""}${text.slice(from, to)}${text.length > to ? "…" : ""}`;
  return `${excerpt(a)}, that of rank 0 ${excerpt(b)}`;
}
