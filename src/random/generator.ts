import { OptionError, requireInteger } from "../errors.ts";
import { philox } from "./philox.ts";

/** Where a `Generator` stands: enough to go on with the same words, and plain enough for JSON. */
export interface GeneratorState {
  /** The seed, as given. */
  seed: number;
  /** The stream, as given. */
  stream: number;
  /** How many words have been drawn. */
  position: number;
}

/** Anything with elements that can be exchanged: an array, a typed array. */
export interface Exchangeable {
  /** How many. */
  readonly length: number;
  /** One of them. */
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
   * A generator at the first word of a stream.
   *
   * @param seed A non-negative safe integer.
   * @param stream A non-negative safe integer, default 0.
   * @throws {OptionError} When either is anything else.
   */
  constructor(seed: number, stream = 0) {
    this.#seed = requireInteger("seed", seed, 0);
    this.#stream = requireInteger("stream", stream, 0);
    this.#key = Uint32Array.of(seed, Math.floor(seed / WORDS));
    this.#counter = Uint32Array.of(0, 0, stream, Math.floor(stream / WORDS));
  }

  /**
   * A generator that goes on where the one that gave `state` stood.
   *
   * @throws {OptionError} When a field is not a non-negative safe integer.
   */
  static restore(state: GeneratorState): Generator {
    const generator = new Generator(state.seed, state.stream);
    generator.#position = requireInteger("position", state.position, 0);
    // In the middle of a block its words are needed; at the start of one, `word` computes them.
    if (generator.#position & 3) generator.#fill();
    return generator;
  }

  /** Seed, stream and position, for `Generator.restore`. A copy. */
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

  /** A number in [0, 1): a multiple of 2^-24, so exact in float32. Takes one word. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /**
   * An integer from 0 to n - 1, each equally likely. Takes one word, seldom more.
   *
   * @param n From 1 to 2^32.
   * @throws {OptionError} When n is anything else.
   */
  integer(n: number): number {
    requireInteger("n", n, 1, WORDS);
    // The words from the largest multiple of n on would favour the small remainders: draw again.
    const limit = WORDS - WORDS % n;
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % n;
  }

  /**
   * Puts the elements into a random order, in place; every order is equally likely (Fisher-Yates).
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
    if (array.length > WORDS) {
      throw new OptionError(`Cannot shuffle: "array" must have at most 2^32 elements, got ${array.length}`);
    }
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
