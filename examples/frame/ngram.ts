/**
 * An n-gram model, the baseline of the examples: the probability of a token after the n - 1 tokens before, by
 * interpolated Kneser-Ney smoothing (Kneser & Ney 1995; the form of Chen & Goodman 1999, one discount n1 / (n1 + 2 n2)
 * for each order).
 */
export class NGram {
  readonly #classes: number;
  /** For each order from 1: counts of pairs of context and token, counts of contexts and of their different tokens. */
  readonly #orders: { pairs: Map<number, number>; contexts: Map<number, { count: number; types: number }> }[];
  readonly #discounts: number[] = [];

  /** Counts sequences of tokens below `classes`. The token `begin` stands before each sequence and is not predicted. */
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
    // A lower order counts the different contexts, one token longer, in which a pair occurs.
    for (let n = order - 1; n > 0; n--) {
      const size = classes ** n;
      const lower = this.#orders[n - 1].pairs;
      for (const key of this.#orders[n].pairs.keys()) lower.set(key % size, (lower.get(key % size) ?? 0) + 1);
    }
    for (const { pairs, contexts } of this.#orders) {
      /** Numbers of pairs that occur once and twice. */
      const n: Record<number, number> = { 1: 0, 2: 0 };
      for (const [key, count] of pairs) {
        if (count < 3) n[count]++;
        const context = Math.floor(key / classes);
        const sum = contexts.get(context) ?? { count: 0, types: 0 };
        contexts.set(context, { count: sum.count + count, types: sum.types + 1 });
      }
      this.#discounts.push(n[1] ? n[1] / (n[1] + 2 * n[2]) : 0.5);
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
      const { pairs, contexts } = this.#orders[n - 1];
      const key = this.#key(sequence, i, n);
      const context = contexts.get(Math.floor(key / this.#classes));
      if (!context) break;
      const discount = this.#discounts[n - 1];
      const discounted = Math.max(0, (pairs.get(key) ?? 0) - discount);
      p = (discounted + discount * context.types * p) / context.count;
    }
    return p;
  }

  /** Packs token i and the n - 1 tokens before into one number. */
  #key(sequence: ArrayLike<number>, i: number, n: number): number {
    let key = 0;
    for (let k = i - n + 1; k <= i; k++) key = key * this.#classes + (k < 0 ? this.begin : sequence[k]);
    return key;
  }
}
