/** How often numbers occur: counts in bins of equal width. */
export interface Histogram {
  /** The least number, where the first bin begins. */
  readonly low: number;
  /** The largest number, which the last bin ends with. */
  readonly high: number;
  /** One for each bin, 40 of them. */
  readonly counts: readonly number[];
}

const BINS = 40;

/** The histogram of the numbers that `visitAll` visits, twice; those that are not finite are left out. */
export function histogram(visitAll: (visit: (value: number) => void) => void): Histogram {
  let low = Infinity, high = -Infinity;
  const visitFinite = (visit: (value: number) => void) => visitAll((value) => Number.isFinite(value) && visit(value));
  visitFinite((value) => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  });
  const counts = new Array<number>(BINS).fill(0);
  // Of equal numbers the quotient is NaN, and the bin 0.
  visitFinite((value) => counts[Math.min(BINS - 1, (value - low) / (high - low) * BINS | 0)]++);
  return { low, high, counts };
}
