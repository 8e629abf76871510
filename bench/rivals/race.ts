import { median } from "../measure.ts";
import type { Contender } from "./contenders.ts";
import { ContenderProcess } from "./protocol.ts";
import type { Workload } from "./workloads.ts";

/** Result of a contender on a workload. */
export interface Result {
  readonly contender: Contender;
  /** Milliseconds of a call, one for each sample. Empty if something is missing. */
  readonly times: number[];
  /** Fractions of the machine's limit, if the contender knows the limit. */
  readonly fractions: number[];
  readonly missing?: string;
  readonly note?: string;
  /** Maximum difference from the first contender's outcome, relative to that outcome's maximum. */
  readonly difference?: number;
}

/** Maximum time until a contender is ready, and maximum time of all its samples on a workload. */
const PREPARE_S = 90, SAMPLES_S = 20;

/** Run all contenders on one workload: prepare one after another, then sample in turns, A B C A B C. */
export async function race(
  workload: Workload,
  contenders: readonly Contender[],
  rounds: number,
): Promise<Result[]> {
  const results: Result[] = [];
  const running: { process: ContenderProcess; result: Result; rounds: number }[] = [];
  let reference: number[] | undefined;
  for (const contender of contenders) {
    const process = new ContenderProcess(contender.command, { ...workload, threads: contender.threads ?? 1 });
    const prepared = await process.prepared(PREPARE_S);
    const result: Result = { contender, times: [], fractions: [] };
    if ("missing" in prepared) {
      await process.stop();
      results.push({ ...result, missing: prepared.missing });
      continue;
    }
    const { outcome, note, ms } = prepared;
    const difference = reference && outcome.length ? maximumDifference(outcome, reference) : undefined;
    reference ??= outcome;
    results.push({ ...result, note, difference });
    const maximum = Math.max(1, Math.floor(SAMPLES_S * 1000 / ms));
    running.push({ process, result: results.at(-1)!, rounds: Math.min(rounds, maximum) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { process, result, rounds } of running) {
      const sample = round < rounds ? await process.sample() : undefined;
      if (!sample) continue;
      result.times.push(sample.ms);
      if (sample.fraction) result.fractions.push(sample.fraction);
    }
  }
  for (const { process } of running) await process.stop();
  return results;
}

function maximumDifference(a: number[], b: number[]): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]))) / Math.max(...b.map(Math.abs));
}

/** Print the results of a workload. */
export function print({ title }: Workload, results: readonly Result[]): void {
  console.log(`\n${title}`);
  for (const result of results) console.log(line(result));
}

function line({ contender: { title }, times, fractions, missing, difference }: Result): string {
  const name = `  ${title.padEnd(30)}`;
  if (missing !== undefined) return `${name} -  ${missing}`;
  const fraction = fractions.length ? `  ${(median(fractions) * 100).toFixed(0)} % of its limit` : "";
  const check = difference !== undefined ? `  results differ by ${difference.toExponential(1)}` : "";
  return `${name} ${median(times).toPrecision(3).padStart(8)} ms${fraction}  (${times.length} samples)${check}`;
}
