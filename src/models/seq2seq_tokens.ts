import { OptionError, requireBelow } from "../errors.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import type { Tokens } from "./model_file.ts";
import type { Pair, Sequence } from "./seq2seq_options.ts";

/** The tokens of one side, and how many of them a sequence may have. */
export class Side {
  readonly tokens: Tokens;
  /** Tokens without begin and end, unless the vocabulary has these. */
  readonly size: number;
  /** The most tokens of a sequence. */
  readonly longest: number;
  readonly #name: string;

  constructor(name: string, tokens: Tokens, longest: number) {
    this.#name = name;
    this.tokens = tokens;
    this.size = typeof tokens === "number" ? tokens : tokens.size;
    this.longest = longest;
  }

  /**
   * The ids of a sequence's tokens. Those that the vocabulary does not know are its `<unk>`, if it has that.
   *
   * @throws {OptionError} When it has no tokens, too many, or one that is unknown.
   */
  encode(sequence: Sequence, number: number): Int32Array {
    const { tokens, longest } = this,
      fail = (what: string) => {
        throw new OptionError(`Cannot read ${this.#name} ${number}: ${what}`);
      };
    if (sequence.length === 0) fail("it must have at least one token, got none");
    const isText = typeof sequence === "string" || typeof sequence[0] === "string";
    if (isText && typeof tokens === "number") {
      fail(`without a vocabulary it must be ids, got ${JSON.stringify(sequence)}`);
    }
    const ids = isText
      ? (tokens as Vocabulary).encode(sequence as string | readonly string[])
      : Int32Array.from(sequence as ArrayLike<number>, (id, i) => {
        requireBelow(this.#name, id, i, this.size);
        return id;
      });
    if (ids.length === 0) fail("it must have at least one token, got none");
    if (ids.length > longest) fail(`it must have at most ${longest} tokens, as "longest" says, got ${ids.length}`);
    return ids;
  }

  /** The text of ids: with spaces where there is no vocabulary. */
  text(ids: ArrayLike<number>): string {
    return typeof this.tokens === "number" ? Array.from(ids).join(" ") : this.tokens.decode(ids);
  }

  /** A token as it is shown. */
  name(id: number): string {
    return typeof this.tokens === "number" ? String(id) : this.tokens.tokens[id];
  }

  /** The id of a special token, if the vocabulary has it. */
  special(token: string): number | undefined {
    return typeof this.tokens === "number" ? undefined : this.tokens.id(token);
  }
}

/** What a model writes: the tokens of a side, begin and end. */
export class Target extends Side {
  /** The token that a decoder begins with, and the one that ends a sequence. */
  readonly begin: number;
  readonly end: number;
  /** All of them. */
  readonly classes: number;
  /** Those that are never written. */
  readonly mute: readonly number[];

  constructor(tokens: Tokens, longest: number) {
    super("target", tokens, longest);
    let classes = this.size;
    this.end = this.special("<eos>") ?? classes++;
    this.begin = this.special("<bos>") ?? classes++;
    this.classes = classes;
    const special = ["<unk>", "<pad>"].map((token) => this.special(token)).filter((id) => id !== undefined);
    this.mute = [this.begin, ...special];
  }

  override name(id: number): string {
    return id === this.end ? "<eos>" : id === this.begin ? "<bos>" : super.name(id);
  }
}

/** Pairs as ids. */
export interface EncodedPairs {
  /** The sources. */
  readonly x: Int32Array[];
  /** What the decoder reads: begin and the target. */
  readonly decoderInput: Int32Array[];
  /** What it is to predict: the target and the end. */
  readonly y: Int32Array[];
}

/** Pairs as samples for the trainer. */
export function encodePairs(pairs: readonly Pair[], source: Side, target: Target): EncodedPairs {
  const x = pairs.map(([sequence], i) => source.encode(sequence, i));
  const targets = pairs.map(([, sequence], i) => target.encode(sequence, i));
  return {
    x,
    decoderInput: targets.map((ids) => Int32Array.of(target.begin, ...ids)),
    y: targets.map((ids) => Int32Array.of(...ids, target.end)),
  };
}
