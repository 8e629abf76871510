import { requireInteger } from "../errors.ts";
import { philox } from "./philox.ts";

/** The state of a `Generator`: plain data, for JSON, from which a generator continues with the same words. */
export interface GeneratorState {
  /** The seed. */
  seed: number;
  /** The stream. */
  stream: number;
  /** Number of words drawn so far. */
  position: number;
}

/** An array or typed array, whose elements can be exchanged. */
export interface Exchangeable {
  /** Number of elements. */
  readonly length: number;
  /** An element. */
  [index: number]: unknown;
}

const WORDS = 2 ** 32;

/**
 * Seeded random numbers: the same seed gives the same numbers on every machine and engine.
 *
 * The words are those of Philox4x32-10 (`philox.ts`): block b of four is the counter (b, 0, stream low, stream high)
 * under the key (seed low, seed high), where "low" is the low 32 bits. Different streams of one seed are independent.
 * The sequence repeats after 2^34 words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Generator } from "@unroll/rnn";
 *
 * const generator = new Generator(7);
 * assertEquals(generator.word(), new Generator(7).word());
 *
 * const saved = JSON.stringify(generator.state);
 * const roll = generator.integer(6);
 * assertEquals(Generator.restore(JSON.parse(saved)).integer(6), roll);
 * ```
 */
export class Generator {
  readonly #seed: number;
  readonly #stream: number;
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array;
  readonly #block = new Uint32Array(4);
  #position = 0;

  /**
   * Make a generator at the first word of a stream.
   *
   * @param seed A safe integer, at least 0.
   * @param stream A safe integer, at least 0.
   * @throws {OptionError} When one of them is not.
   */
  constructor(seed: number, stream = 0) {
    this.#seed = requireInteger("seed", seed, 0);
    this.#stream = requireInteger("stream", stream, 0);
    this.#key = Uint32Array.of(seed, Math.floor(seed / WORDS));
    this.#counter = Uint32Array.of(0, 0, stream, Math.floor(stream / WORDS));
  }

  /**
   * Make a generator that continues from `state`.
   *
   * @throws {OptionError} When a field is not a safe integer of at least 0.
   */
  static restore(state: GeneratorState): Generator {
    const generator = new Generator(state.seed, state.stream);
    generator.#position = requireInteger("position", state.position, 0);
    // In the middle of a block, compute its words. At the start of a block, `word` does.
    if (generator.#position & 3) generator.#fill();
    return generator;
  }

  /** A copy of seed, stream and position, for `Generator.restore`. */
  get state(): GeneratorState {
    return { seed: this.#seed, stream: this.#stream, position: this.#position };
  }

  /** The next word: an integer from 0 to 2^32 - 1. */
  word(): number {
    const index = this.#position & 3;
    if (index === 0) this.#fill();
    this.#position++;
    return this.#block[index];
  }

  /** The next number in [0, 1): a multiple of 2^-24, hence exact in float32. Draws one word. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /**
   * The next number of the standard normal distribution: mean 0, deviation 1. Draws 16 words on average. The algorithm
   * (N of Karney 2016, "Sampling exactly from the normal distribution") compares uniform numbers and takes no
   * logarithm, whose bits would depend on the engine. k + x has the density e^(-(k + x)²/2) where k + k (k - 1) events
   * of e^(-1/2), k of e^-x and one of e^(-x²/2) occur.
   */
  normal(): number {
    for (;;) {
      let k = 0;
      while (this.#occur(0.5)) k++;
      const x = this.uniform();
      if (this.#occur(0.5, k * (k - 1)) && this.#occur(x, k) && this.#occur(x * x / 2)) {
        return this.word() % 2 ? k + x : -k - x;
      }
    }
  }

  /** Whether n events, each of the probability e^-p, occur: p is from 0 to 1. */
  #occur(p: number, n = 1): boolean {
    while (n-- > 0) {
      // A decreasing sequence p > u1 > u2 ... has at least j numbers with the probability p^j / j!.
      let numbers = 0;
      for (let last = p, u; (u = this.uniform()) < last; last = u) numbers++;
      if (numbers % 2) return false;
    }
    return true;
  }

  /**
   * The next integer from 0 to n - 1, each equally likely. Draws one word, rarely more.
   *
   * @param n An integer from 1 to 2^32.
   * @throws {OptionError} When n is not.
   */
  integer(n: number): number {
    requireInteger("n", n, 1, WORDS);
    // Words from the largest multiple of n on would favour small remainders: draw again.
    const limit = WORDS - WORDS % n;
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % n;
  }

  /**
   * Shuffle an array in place. Every order is equally likely (Fisher-Yates).
   *
   * @throws {OptionError} When the array has more than 2^32 elements.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Generator } from "@unroll/rnn";
   *
   * const order = [0, 1, 2, 3, 4];
   * new Generator(1).shuffle(order);
   * assertEquals(order.toSorted(), [0, 1, 2, 3, 4]);
   * ```
   */
  shuffle(array: Exchangeable): void {
    for (let last = array.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const element = array[last];
      array[last] = array[other];
      array[other] = element;
    }
  }

  #fill(): void {
    this.#counter[0] = Math.floor(this.#position / 4);
    philox(this.#counter, this.#key, this.#block);
  }
}
