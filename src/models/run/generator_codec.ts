import { mutedTokens } from "../../decoding/token_draws.ts";
import { OptionError, ShapeError } from "../../errors.ts";
import type { Vocabulary } from "../../text/vocabulary.ts";

/** What is known of a sequence before its first token. */
export interface Condition {
  /** One of the model's labels; required in a model with labels. */
  label?: string;
  /** Numbers, as many as the model's `vector`; required in a model with a vector. */
  vector?: ArrayLike<number>;
}

/**
 * Translates the sequences of a generator to ids. It reads the tokens of the vocabulary, then `<bos>`, then the labels;
 * a sequence begins with its label in a model with labels, else with `<bos>`. It writes the tokens of the vocabulary
 * and `<eos>`. `<bos>` and `<eos>` of the vocabulary, if there are any, take the places of the generator's own.
 */
export class GeneratorCodec {
  /** The tokens. */
  readonly vocabulary: Vocabulary;
  /** The labels that sequences have. */
  readonly labels: readonly string[];
  /** Numbers that a sequence is conditioned on; 0: none. */
  readonly vector: number;
  /** Maximum number of tokens of a sequence. */
  readonly longest: number;
  /** Number of ids to read. */
  readonly inputs: number;
  /** Number of ids to write. */
  readonly classes: number;
  /** The token that ends a sequence. */
  readonly end: number;
  /** Tokens that are never written. */
  readonly muted: readonly number[];
  readonly #begin: number;

  /** @throws {OptionError} When a label is there twice. */
  constructor(
    { vocabulary, labels, vector, longest }: Pick<GeneratorCodec, "vocabulary" | "labels" | "vector" | "longest">,
  ) {
    const { size } = vocabulary;
    if (new Set(labels).size < labels.length) throw new OptionError(`"labels" must not have one twice, got ${labels}`);
    this.vocabulary = vocabulary;
    this.labels = labels;
    this.vector = vector;
    this.longest = longest;
    this.end = vocabulary.id("<eos>") ?? size;
    this.classes = Math.max(size, this.end + 1);
    this.#begin = vocabulary.id("<bos>") ?? size;
    this.inputs = labels.length ? size + 1 + labels.length : Math.max(size, this.#begin + 1);
    this.muted = mutedTokens(vocabulary);
  }

  /**
   * The first token to read, and the vector.
   *
   * @param where What the errors call the condition.
   * @throws {OptionError} When the label is none of the model's.
   * @throws {ShapeError} When the vector does not have the model's length.
   */
  encodeCondition({ label, vector }: Condition, where: string): { first: number; vector: Float32Array } {
    const { labels } = this;
    if (labels.length && !labels.includes(label!)) {
      const names = labels.map((one) => JSON.stringify(one)).join(", ");
      throw new OptionError(`Cannot read ${where}: "label" must be one of ${names}, got ${JSON.stringify(label)}`);
    }
    if (!labels.length && label !== undefined) {
      throw new OptionError(`Cannot read ${where}: the model has no labels, got ${JSON.stringify(label)}`);
    }
    if ((vector?.length ?? 0) !== this.vector) {
      const expected = this.vector ? `${this.vector} numbers` : "none, as the model was made for none";
      throw new ShapeError(`Cannot read ${where}: "vector" must be ${expected}, got ${vector?.length ?? "none"}`);
    }
    const first = labels.length ? this.vocabulary.size + 1 + labels.indexOf(label!) : this.#begin;
    return { first, vector: Float32Array.from(vector ?? []) };
  }

  /**
   * The ids of a text, which may be empty.
   *
   * @param where What the error calls the text.
   * @throws {OptionError} When the text is too long or has unknown tokens.
   */
  encode(text: string | readonly string[], where: string): Int32Array {
    const ids = this.vocabulary.encode(text);
    if (ids.length <= this.longest) return ids;
    throw new OptionError(
      `Cannot read ${where}: it must have at most ${this.longest} tokens, as "longest" says, got ${ids.length}`,
    );
  }
}
