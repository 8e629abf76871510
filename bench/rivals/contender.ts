/**
 * One side of the protocol between the runner and a contender: a process for one contender and one row. The row comes as
 * the first argument. The process prepares and warms up, says so in a line of JSON, then answers each line on its
 * standard input with the time of a sample.
 */
import { processorTime } from "../clock.ts";
import type { Row } from "./rows.ts";

/** A row that a contender is ready to do. */
export interface Work {
  /** What is timed. Repeated calls do the same work. */
  run(): void | Promise<unknown>;
  /** Numbers that all contenders must agree on, computed by calls of their own before any other. */
  outcome(): Promise<number[]> | number[];
  /** What a reader of the row must know, if anything. */
  note?: string;
  /** Milliseconds that the limit of the machine allows for a call, at this moment. */
  limit?(): number;
}

/** A contender cannot do a row: the message says what is missing. */
export class Missing extends Error {}

/** What a contender says when it is prepared. */
export type Prepared = { outcome: number[]; note?: string; ms: number } | { missing: string };

/** What a contender answers to a line: wall-clock milliseconds of a call, and the share of the limit, if it knows one. */
export interface Sample {
  ms: number;
  share?: number;
}

/** A sample is long enough for its first call, which finds the caches full of others' work, to count for little. */
const SAMPLE_MS = 250, WARM_UP_MS = 500;

/** Serve one row until the standard input ends. */
export async function serve(prepare: (row: Row) => Work | Promise<Work>): Promise<void> {
  let work: Work;
  try {
    work = await prepare(JSON.parse(Deno.args[0]));
    const outcome = await work.outcome();
    let ms = 0;
    for (const start = performance.now(); performance.now() - start < WARM_UP_MS;) ms = (await time(work, 0)).wall;
    say({ outcome, note: work.note, ms });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!(error instanceof Missing)) console.error(error);
    return say({ missing: error.message });
  }
  for await (const _ of Deno.stdin.readable) say(await sampled(work));
}

function say(message: Prepared | Sample): void {
  console.log(JSON.stringify(message));
}

/** Calls for at least 250 ms, the limit before and after: the stricter of the two counts. */
async function sampled(work: Work): Promise<Sample> {
  const before = work.limit?.();
  const { wall, processor } = await time(work, SAMPLE_MS);
  const after = work.limit?.();
  return { ms: wall, share: before && after && Math.min(before, after) / processor };
}

async function time(work: Work, atLeast: number): Promise<{ wall: number; processor: number }> {
  const cpu = processorTime(), start = performance.now();
  let calls = 0, elapsed = 0;
  while (calls === 0 || elapsed < atLeast) {
    const promise = work.run();
    if (promise) await promise;
    calls++;
    elapsed = performance.now() - start;
  }
  return { wall: elapsed / calls, processor: (processorTime() - cpu) / calls };
}
