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
