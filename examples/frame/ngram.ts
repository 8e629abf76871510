/**
 * The model that counts: the probability of a token after the n - 1 before it, by interpolated Kneser-Ney smoothing (Kneser & Ney
 * 1995; the form of Chen & Goodman 1999, one discount n1 / (n1 + 2 n2) for each order). What recurrent nets are compared with.
 */
export class NGram {
  readonly #classes: number;
  /** For each order from 1: how often a context has a token behind it, and how often it occurs, with how many different tokens. */
  readonly #orders: { pairs: Map<number, number>; contexts: Map<number, { count: number; types: number }> }[];
  readonly #discounts: number[] = [];

  /** Counts sequences of tokens below `classes`. `begin`: what stands in front of each, itself not predicted. */
  constructor(readonly order: number, classes: number, sequences: readonly ArrayLike<number>[], readonly begin = 0) {
    this.#classes = classes;
    this.#orders = Array.from({ length: order }, () => ({ pairs: new Map(), contexts: new Map() }));
    const top = this.#orders[order - 1].pairs;
    for (const sequence of sequences) {
      for (let i = 0; i < sequence.length; i++) {
        const key = this.#key(sequence, i, order);
        top.set(key, (top.get(key) ?? 0) + 1);
      }
    }
    // Of a lower order counts in how many different contexts one token longer a pair occurs.
    for (let n = order - 1; n > 0; n--) {
      const size = classes ** n, lower = this.#orders[n - 1].pairs;
      for (const key of this.#orders[n].pairs.keys()) lower.set(key % size, (lower.get(key % size) ?? 0) + 1);
    }
    for (const { pairs, contexts } of this.#orders) {
      const once = { 1: 0, 2: 0 } as Record<number, number>;
      for (const [key, count] of pairs) {
        if (count < 3) once[count]++;
        const context = Math.floor(key / classes), sum = contexts.get(context) ?? { count: 0, types: 0 };
        contexts.set(context, { count: sum.count + count, types: sum.types + 1 });
      }
      this.#discounts.push(once[1] ? once[1] / (once[1] + 2 * once[2]) : 0.5);
    }
  }

  /** The sum of -ln p over all tokens of a sequence. */
  nats(sequence: ArrayLike<number>): number {
    let sum = 0;
    for (let i = 0; i < sequence.length; i++) sum -= Math.log(this.#probability(sequence, i));
    return sum;
  }

  #probability(sequence: ArrayLike<number>, i: number): number {
    let p = 1 / this.#classes;
    for (let n = 1; n <= this.order; n++) {
      const { pairs, contexts } = this.#orders[n - 1], key = this.#key(sequence, i, n);
      const context = contexts.get(Math.floor(key / this.#classes)), discount = this.#discounts[n - 1];
      if (!context) break;
      const own = Math.max(0, (pairs.get(key) ?? 0) - discount);
      p = (own + discount * context.types * p) / context.count;
    }
    return p;
  }

  /** Token i and the n - 1 before it as one number. */
  #key(sequence: ArrayLike<number>, i: number, n: number): number {
    let key = 0;
    for (let k = i - n + 1; k <= i; k++) key = key * this.#classes + (k < 0 ? this.begin : sequence[k]);
    return key;
  }
}
