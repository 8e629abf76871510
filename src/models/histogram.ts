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
  visitAll((value) => {
    if (!Number.isFinite(value)) return;
    if (value < low) low = value;
    if (value > high) high = value;
  });
  const counts = new Array<number>(BINS).fill(0), scale = high > low ? BINS / (high - low) : 0;
  visitAll((value) => {
    if (Number.isFinite(value)) counts[Math.min(BINS - 1, Math.floor((value - low) * scale))]++;
  });
  return { low, high, counts };
}
