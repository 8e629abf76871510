import type { Contender } from "./contenders.ts";
import type { Row } from "./rows.ts";
import { Subprocess } from "./subprocess.ts";

/** What a contender did in a row. */
export interface Result {
  readonly contender: Contender;
  /** Milliseconds of a call, a sample each; none where something is missing. */
  readonly times: number[];
  /** Shares of the limit, of those that know it. */
  readonly shares: number[];
  readonly missing?: string;
  readonly note?: string;
  /** Largest difference from the first contender's numbers, relative to the largest of them. */
  readonly difference?: number;
}

/** How long to wait for a contender to be ready, and how long all samples of one may take in a row. */
const PREPARE_S = 90, SAMPLES_S = 20;

/** All contenders on one row: prepared one after another, then sampled in turns, A B C A B C. */
export async function race(row: Row, contenders: readonly Contender[], rounds: number): Promise<Result[]> {
  const results: Result[] = [], running: { process: Subprocess; result: Result; rounds: number }[] = [];
  let reference: number[] | undefined;
  for (const contender of contenders) {
    const process = new Subprocess(contender, { ...row, threads: contender.threads ?? 1 }),
      prepared = await process.prepared(PREPARE_S);
    const result: Result = { contender, times: [], shares: [] };
    if ("missing" in prepared) {
      await process.stop();
      results.push({ ...result, missing: prepared.missing });
      continue;
    }
    const { outcome, note, ms } = prepared;
    const own = reference && outcome.length ? difference(outcome, reference) : undefined;
    reference ??= outcome;
    results.push({ ...result, note, difference: own });
    const most = Math.max(1, Math.floor(SAMPLES_S * 1000 / ms));
    running.push({ process, result: results.at(-1)!, rounds: Math.min(rounds, most) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { process, result, rounds } of running) {
      const sample = round < rounds ? await process.sample() : undefined;
      if (!sample) continue;
      result.times.push(sample.ms);
      if (sample.share) result.shares.push(sample.share);
    }
  }
  for (const { process } of running) await process.stop();
  return results;
}

function difference(a: number[], b: number[]): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]))) / Math.max(...b.map(Math.abs));
}

/** The middle one; of an even number, the larger of the middle two. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/** Print what came of a row. */
export function print({ title }: Row, results: readonly Result[]): void {
  console.log(`\n${title}`);
  for (const result of results) console.log(line(result));
}

function line({ contender: { title }, times, shares, missing, difference }: Result): string {
  const name = `  ${title.padEnd(30)}`;
  if (missing !== undefined) return `${name} -  ${missing}`;
  const share = shares.length ? `  ${(median(shares) * 100).toFixed(0)} % of its limit` : "";
  const check = difference !== undefined ? `  results differ by ${difference.toExponential(1)}` : "";
  return `${name} ${median(times).toPrecision(3).padStart(8)} ms${share}  (${times.length} samples)${check}`;
}
