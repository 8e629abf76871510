import { processorTime } from "./clock.ts";
import type { Peak } from "./peak.ts";

/** What the samples of a case say. */
export interface Measurement {
  /** Median processor time of a call, in milliseconds. */
  readonly time: number;
  /** Operations per second as a share of each limit; NaN when no operations are counted. */
  readonly shares: readonly Share[];
}

/** The middle one of the samples, and the one that came nearest to the limit. */
export interface Share {
  readonly median: number;
  readonly best: number;
}

export const SAMPLES = 21, SAMPLE_MS = 5;
const WARM_UP_MS = 200, WARM_UP_CALLS = 5;

/**
 * Time a call: 21 samples of at least 5 ms each, the limits before and after each of them. A sample is held against the
 * larger of the two: when the machine changes its speed once in between, the share comes out too small, not too large.
 */
export function measure(run: () => void, limits: readonly Peak[], flops = NaN): Measurement {
  const block = Math.ceil(1 / warmUp(run));
  const times: number[] = [], shares: number[][] = limits.map(() => []);
  let before = limits.map((limit) => limit.rate());
  for (let i = 0; i < SAMPLES; i++) {
    const time = sample(run, block);
    const after = limits.map((limit) => limit.rate());
    times.push(time);
    shares.forEach((share, l) => share.push(flops / time * 1000 / Math.max(before[l], after[l])));
    before = after;
  }
  return {
    time: median(times),
    shares: shares.map((share) => ({ median: median(share), best: Math.max(...share) })),
  };
}

/** Call until V8 has compiled everything at its best and the caches are full; returns the time of a late call. */
function warmUp(run: () => void): number {
  const start = processorTime();
  let calls = 0, late = 0, block = 1;
  while (calls < WARM_UP_CALLS || processorTime() - start < WARM_UP_MS) {
    const blockStart = processorTime();
    for (let i = 0; i < block; i++) run();
    const elapsed = processorTime() - blockStart;
    late = elapsed / block;
    calls += block;
    if (elapsed < 1) block *= 2;
  }
  return late;
}

/** Milliseconds of a call: blocks of calls for at least 5 ms. */
function sample(run: () => void, block: number): number {
  const start = processorTime();
  let calls = 0, elapsed = 0;
  while (elapsed < SAMPLE_MS) {
    for (let i = 0; i < block; i++) run();
    calls += block;
    elapsed = processorTime() - start;
  }
  return elapsed / calls;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
