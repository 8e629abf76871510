/** Several neighbouring steps of a curve, as one point. */
export interface CurvePoint {
  /** First step. */
  readonly from: number;
  /** Last step. */
  readonly to: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** A value and its training step. */
export interface Snapshot<T> {
  readonly step: number;
  readonly value: T;
}

interface Bin {
  from: number;
  to: number;
  sum: number;
  count: number;
  low: number;
  high: number;
}

/** Maximum number of points: a figure on a large screen cannot show more. */
const MAX_POINTS = 400;

/**
 * A number over the steps of a training, in bounded memory. When a curve exceeds 400 points, each pair of neighbours is
 * merged. From then on a point covers twice as many numbers and stores their mean, minimum and maximum. Non-finite
 * numbers are counted and left out.
 */
export class Curve {
  #bins: Bin[] = [];
  /** Numbers in one complete point. */
  #binSize = 1;
  /** Number of non-finite numbers. */
  nonFinite = 0;
  first?: Snapshot<number>;
  last?: Snapshot<number>;
  minimum?: Snapshot<number>;

  /** Add the number of a step. Steps must not decrease. */
  add(step: number, value: number): void {
    if (!Number.isFinite(value)) {
      this.nonFinite++;
      return;
    }
    this.last = { step, value };
    this.first ??= this.last;
    if (!this.minimum || value < this.minimum.value) this.minimum = this.last;
    const added = { from: step, to: step, sum: value, count: 1, low: value, high: value };
    const bin = this.#bins.at(-1);
    if (bin && bin.count < this.#binSize) Object.assign(bin, merge(bin, added));
    else this.#bins.push(added);
    if (this.#bins.length <= MAX_POINTS) return;
    this.#binSize *= 2;
    this.#bins = mergePairs(this.#bins);
  }

  /** Number of finite numbers. */
  get count(): number {
    return this.#bins.reduce((sum, bin) => sum + bin.count, 0);
  }

  /** Mean of the finite numbers. */
  get mean(): number {
    return this.#bins.reduce((sum, bin) => sum + bin.sum, 0) / this.count;
  }

  /**
   * The curve as points.
   *
   * @param limit Maximum number of points.
   */
  points(limit: number = MAX_POINTS): CurvePoint[] {
    let bins = this.#bins;
    while (bins.length > limit) bins = mergePairs(bins);
    return bins.map(({ from, to, sum, count, low, high }) => ({ from, to, mean: sum / count, low, high }));
  }
}

/**
 * Values of some steps of a training, in bounded memory. When the number of values exceeds the limit, every second one
 * is dropped, and from then on only every second new one is stored. So the stored values are evenly spaced. The last
 * value is always stored.
 */
export class Snapshots<T> {
  readonly #limit: number;
  #stored: Snapshot<T>[] = [];
  #last: Snapshot<T> | undefined;
  #count = 0;
  #interval = 1;

  /** @param limit Maximum number of values besides the last one, at least 2. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Add the value of a step. Steps must not decrease. */
  add(step: number, value: T): void {
    this.#last = { step, value };
    if (this.#count++ % this.#interval) return;
    this.#stored.push(this.#last);
    if (this.#stored.length <= this.#limit) return;
    this.#interval *= 2;
    this.#stored = this.#stored.filter((_, i) => i % 2 === 0);
  }

  /**
   * The stored values in order.
   *
   * @param limit Maximum number of values. They are evenly spaced, and the last one is among them.
   */
  all(limit: number = this.#limit + 1): Snapshot<T>[] {
    const hasLast = !this.#last || this.#stored.at(-1) === this.#last;
    const stored = hasLast ? this.#stored : [...this.#stored, this.#last!];
    if (stored.length <= limit) return stored;
    return Array.from({ length: limit }, (_, i) => stored[Math.round(i * (stored.length - 1) / (limit - 1))]);
  }
}

function mergePairs(bins: readonly Bin[]): Bin[] {
  const pairs = Array.from({ length: Math.ceil(bins.length / 2) }, (_, i) => bins.slice(2 * i, 2 * i + 2));
  return pairs.map(([a, b]) => b ? merge(a, b) : a);
}

function merge(a: Bin, b: Bin): Bin {
  return {
    from: a.from,
    to: b.to,
    sum: a.sum + b.sum,
    count: a.count + b.count,
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
  };
}
