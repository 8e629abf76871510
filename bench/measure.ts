import { processorTime } from "./clock.ts";
import type { Peak } from "./peak.ts";

/** Result of the samples of a case. */
export interface Measurement {
  /** Median processor time of a call, in milliseconds. */
  readonly time: number;
  /** Operations per second as a fraction of each limit. NaN without a number of operations. */
  readonly fractions: readonly Fraction[];
}

/** Fraction of a limit: the median of the samples, and the sample nearest to the limit. */
export interface Fraction {
  readonly median: number;
  readonly best: number;
}

export const SAMPLES = 21, SAMPLE_MS = 5;
const WARM_UP_MS = 200, WARM_UP_CALLS = 5;

/**
 * Measure the time of a call: 21 samples of at least 5 ms each, and the limits before and after each sample. The larger
 * of the two limits counts. So if the machine's clock rate changes between them, the fraction is too small, not too
 * large.
 */
export function measure(run: () => void, limits: readonly Peak[], flops = NaN): Measurement {
  const block = Math.ceil(1 / warmUp(run));
  const times: number[] = [];
  const fractions: number[][] = limits.map(() => []);
  let before = limits.map((limit) => limit.rate());
  for (let i = 0; i < SAMPLES; i++) {
    const time = sample(run, block);
    const after = limits.map((limit) => limit.rate());
    times.push(time);
    fractions.forEach((list, l) => list.push(flops / time * 1000 / Math.max(before[l], after[l])));
    before = after;
  }
  return {
    time: median(times),
    fractions: fractions.map((list) => ({ median: median(list), best: Math.max(...list) })),
  };
}

/** Call until V8 has compiled everything with its best compiler and the caches are full. Return the time of a call. */
function warmUp(run: () => void): number {
  const start = processorTime();
  let calls = 0, time = 0, block = 1;
  while (calls < WARM_UP_CALLS || processorTime() - start < WARM_UP_MS) {
    const blockStart = processorTime();
    for (let i = 0; i < block; i++) run();
    const elapsed = processorTime() - blockStart;
    time = elapsed / block;
    calls += block;
    if (elapsed < 1) block *= 2;
  }
  return time;
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

/** Median. Of an even number of values, the larger of the middle two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
