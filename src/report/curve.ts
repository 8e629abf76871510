/** What a number was like over neighbouring steps. */
export interface CurvePoint {
  /** The first of the steps, and the last one. */
  readonly from: number;
  readonly to: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

interface Bin {
  from: number;
  to: number;
  sum: number;
  count: number;
  low: number;
  high: number;
}

/** Points of a curve, at most: as many as a figure on a large screen can show. */
const MOST = 400;

/**
 * A number over the steps of a training, in bounded memory. When there are more than 400 points, neighbours are joined
 * two by two; from then on a point stands for twice as many numbers, of which it keeps mean, least and largest.
 * Numbers that are not finite are counted and left out.
 */
export class Curve {
  #bins: Bin[] = [];
  /** Numbers that a point stands for, once it is complete. */
  #each = 1;
  /** Numbers that are not finite. */
  notFinite = 0;
  /** The first number with its step, the last and the least one. */
  first?: { readonly step: number; readonly value: number };
  last?: { readonly step: number; readonly value: number };
  least?: { readonly step: number; readonly value: number };

  /** The number at a step, which is not before those so far. */
  add(step: number, value: number): void {
    if (!Number.isFinite(value)) {
      this.notFinite++;
      return;
    }
    this.last = { step, value };
    this.first ??= this.last;
    if (!this.least || value < this.least.value) this.least = this.last;
    const added = { from: step, to: step, sum: value, count: 1, low: value, high: value };
    const bin = this.#bins.at(-1);
    if (bin && bin.count < this.#each) Object.assign(bin, joined(bin, added));
    else this.#bins.push(added);
    if (this.#bins.length <= MOST) return;
    this.#each *= 2;
    this.#bins = halved(this.#bins);
  }

  /** How many finite numbers. */
  get count(): number {
    return this.#bins.reduce((sum, bin) => sum + bin.count, 0);
  }

  /** Their mean. */
  get mean(): number {
    return this.#bins.reduce((sum, bin) => sum + bin.sum, 0) / this.count;
  }

  /** The curve: all its points or, when that are fewer, at most so many. */
  points(most: number = MOST): CurvePoint[] {
    let bins = this.#bins;
    while (bins.length > most) bins = halved(bins);
    return bins.map(({ from, to, sum, count, low, high }) => ({ from, to, mean: sum / count, low, high }));
  }
}

function halved(bins: readonly Bin[]): Bin[] {
  const pairs = Array.from({ length: Math.ceil(bins.length / 2) }, (_, i) => bins.slice(2 * i, 2 * i + 2));
  return pairs.map(([a, b]) => b ? joined(a, b) : a);
}

function joined(a: Bin, b: Bin): Bin {
  return {
    from: a.from,
    to: b.to,
    sum: a.sum + b.sum,
    count: a.count + b.count,
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
  };
}
