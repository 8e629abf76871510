import { OptionError, ShapeError } from "../errors.ts";
import { countCharacters } from "../text/tokens.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import type { Samples } from "../training/data/samples.ts";
import type { Condition, ConditionedText } from "./sequence_generator_options.ts";

/**
 * What a generator reads and writes, as ids. It reads the vocabulary's tokens, then `<bos>`, then the labels, one of which a
 * sequence begins with where there are any; it writes the vocabulary's tokens and `<eos>`. Where the vocabulary has `<bos>` or
 * `<eos>` itself, these are it.
 */
export class SequenceTokens {
  readonly vocabulary: Vocabulary;
  readonly labels: readonly string[];
  /** Numbers that a sequence is conditioned on; 0: none. */
  readonly vector: number;
  /** The most tokens of a sequence. */
  readonly longest: number;
  /** How many there are to read, and to write. */
  readonly inputs: number;
  readonly classes: number;
  readonly end: number;
  /** Those that are never written. */
  readonly mute: readonly number[];
  readonly #begin: number;

  constructor(vocabulary: Vocabulary, labels: readonly string[], vector: number, longest: number) {
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
    this.mute = ["<unk>", "<pad>", "<bos>"].map((token) => vocabulary.id(token)).filter((id) => id !== undefined);
  }

  /** The first token that is read, and the vector, if they are what the model is made for. */
  start({ label, vector }: Condition, where: string): { first: number; vector: Float32Array } {
    const { labels } = this,
      fail = (what: string) => {
        throw new OptionError(`Cannot read ${where}: ${what}`);
      };
    if (labels.length && !labels.includes(label!)) {
      fail(
        `"label" must be one of ${labels.map((one) => JSON.stringify(one)).join(", ")}, got ${JSON.stringify(label)}`,
      );
    }
    if (!labels.length && label !== undefined) fail(`the model has no labels, got ${JSON.stringify(label)}`);
    if ((vector?.length ?? 0) !== this.vector) {
      const expected = this.vector ? `${this.vector} numbers` : "none, as the model was made for none";
      throw new ShapeError(`Cannot read ${where}: "vector" must be ${expected}, got ${vector?.length ?? "none"}`);
    }
    const first = labels.length ? this.vocabulary.size + 1 + labels.indexOf(label!) : this.#begin;
    return { first, vector: Float32Array.from(vector ?? []) };
  }

  /** Sequences as samples for the trainer, and their characters. */
  samples(texts: readonly (string | ConditionedText)[]): { samples: Samples; characters: number } {
    const x: Float32Array[] = [], inputs: Int32Array[] = [], y: Int32Array[] = [];
    let count = 0;
    texts.forEach((given, i) => {
      const { text, ...condition } = typeof given === "string" ? { text: given } : given, where = `sequence ${i}`;
      const { first, vector } = this.start(condition, where), ids = this.encode(text, where);
      x.push(vector);
      inputs.push(Int32Array.of(first, ...ids));
      y.push(Int32Array.of(...ids, this.end));
      count += typeof text === "string"
        ? countCharacters(text)
        : text.reduce((sum, token) => sum + countCharacters(token), 0);
    });
    return { samples: this.vector ? { x, decoderInput: inputs, y } : { x: inputs, y }, characters: count };
  }

  /** The ids of a text; it may be empty. */
  encode(text: string | readonly string[], where: string): Int32Array {
    const ids = this.vocabulary.encode(text);
    if (ids.length <= this.longest) return ids;
    throw new OptionError(
      `Cannot read ${where}: it must have at most ${this.longest} tokens, as "longest" says, got ${ids.length}`,
    );
  }
}
