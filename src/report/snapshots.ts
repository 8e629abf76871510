/** Something that was seen at a step. */
export interface Snapshot<T> {
  readonly step: number;
  readonly value: T;
}

/**
 * What was seen at some steps of a training, in bounded memory: when there is more than `most`, every second one goes,
 * and from then on only every second one comes. So those that are kept are evenly spread; the last one always is.
 */
export class Snapshots<T> {
  readonly #most: number;
  #kept: Snapshot<T>[] = [];
  #last: Snapshot<T> | undefined;
  #seen = 0;
  #every = 1;

  /** For at most so many, at least 2, and the last one. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What is seen at a step, which is not before those so far. */
  add(step: number, value: T): void {
    this.#last = { step, value };
    if (this.#seen++ % this.#every) return;
    this.#kept.push(this.#last);
    if (this.#kept.length <= this.#most) return;
    this.#every *= 2;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
  }

  /** Those that are kept, in their order; at most `count` of them, evenly spread, the last one among them. */
  all(count: number = this.#most + 1): Snapshot<T>[] {
    const kept = this.#kept.at(-1) === this.#last || !this.#last ? this.#kept : [...this.#kept, this.#last];
    if (kept.length <= count) return kept;
    return Array.from({ length: count }, (_, i) => kept[Math.round(i * (kept.length - 1) / (count - 1))]);
  }
}
