import { FormatError, OptionError, requireInteger, requireOneOf } from "../errors.ts";
import {
  countCharacters,
  SPECIAL,
  type SpecialToken,
  TOKEN_KINDS,
  tokenize,
  type TokenKind,
  tokenListFault,
} from "./tokens.ts";

/** What the makers of a `Vocabulary` can be told. */
export interface VocabularyOptions {
  /** Special tokens, with ids from 0 in this order: `["<pad>", "<unk>"]`. Default none. */
  special?: readonly SpecialToken[];
  /**
   * How often a token must occur in the text to get into the vocabulary. Above 1 the vocabulary needs `<unk>`, which
   * stands for the rare ones. Default 1.
   */
  minimumCount?: number;
}

/** A vocabulary as plain data: `Vocabulary.toJSON` gives it, `Vocabulary.fromJSON` takes it. */
export interface VocabularyJSON {
  /** What a token is. */
  kind: TokenKind;
  /** The tokens in the order of their ids; special ones go by their names. */
  tokens: string[];
}

/**
 * The tokens that a model knows, numbered from 0: text to ids and back. This is the lecture notes' dictionary of
 * "Representing words": `oneHot` gives their vectors, `<unk>` is their unknown word.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Vocabulary } from "@unroll/rnn";
 *
 * const characters = Vocabulary.characters("hello");
 * assertEquals(characters.tokens, ["e", "h", "l", "o"]);
 * assertEquals(characters.encode("hole"), Int32Array.of(1, 3, 2, 0));
 * assertEquals(characters.decode([1, 0, 2, 2, 3]), "hello");
 *
 * const words = Vocabulary.words("Harry met Hermione, Ron met Harry.", { special: ["<unk>"] });
 * assertEquals(words.tokens, ["<unk>", " Harry", " Hermione", " Ron", " met", ",", ".", "Harry"]);
 * assertEquals(words.encode("Harry met Voldemort."), Int32Array.of(7, 4, 0, 6));
 *
 * const given = Vocabulary.list(["<unk>", "a", "aaron", "and", "zulu"]);
 * assertEquals(given.encode("aaron and a spell"), Int32Array.of(2, 3, 1, 0));
 * assertEquals(given.decode([2, 3, 4]), "aaron and zulu");
 * ```
 */
export class Vocabulary {
  /** What a token is. */
  readonly kind: TokenKind;
  /** The tokens in the order of their ids. */
  readonly tokens: readonly string[];
  readonly #ids: Map<string, number>;

  private constructor(kind: TokenKind, tokens: readonly string[]) {
    this.kind = kind;
    this.tokens = Object.freeze([...tokens]);
    this.#ids = new Map(this.tokens.map((token, id) => [token, id]));
  }

  /**
   * The distinct characters (code points) of a text in their order, so that the same set of characters always gives the
   * same ids.
   *
   * @throws {OptionError} When no character is left, or an option is out of range.
   */
  static characters(text: string, options: VocabularyOptions = {}): Vocabulary {
    return Vocabulary.#of("characters", text, options);
  }

  /**
   * The distinct words of a text in the order of their code points, and what stands between them: see `TokenKind`.
   * Words are those of the platform's `Intl.Segmenter` in English; engines of different Unicode versions may cut
   * differently, above all where there are no spaces.
   *
   * @throws {OptionError} When no token is left, or an option is out of range.
   */
  static words(text: string, options: VocabularyOptions = {}): Vocabulary {
    return Vocabulary.#of("words", text, options);
  }

  /**
   * The distinct tokens of a text that has white space between all of them, in the order of their code points. A `<unk>`
   * in the text is the special token.
   *
   * @throws {OptionError} When no token is left, or an option is out of range.
   */
  static spaced(text: string, options: VocabularyOptions = {}): Vocabulary {
    return Vocabulary.#of("spaced", text, options);
  }

  /**
   * A given list of tokens, special ones among them by their names; ids are the places in the list. In a text they have
   * white space between them.
   *
   * @throws {OptionError} When it is empty, a token occurs twice, is empty or has white space in it.
   */
  static list(tokens: readonly string[]): Vocabulary {
    const fault = tokenListFault("spaced", tokens);
    if (fault) throw new OptionError(`Cannot make a vocabulary: ${fault}`);
    return new Vocabulary("spaced", tokens);
  }

  /**
   * The vocabulary that `toJSON` described. The order of the tokens is kept, whatever it is.
   *
   * @throws {FormatError} When it is not the description of a vocabulary: an unknown kind, no tokens, a token twice, or
   * one that is none of this kind.
   */
  static fromJSON(json: VocabularyJSON): Vocabulary {
    const { kind, tokens } = (json ?? {}) as Partial<VocabularyJSON>;
    if (!TOKEN_KINDS.includes(kind!)) {
      const kinds = TOKEN_KINDS.map((name) => JSON.stringify(name)).join(", ");
      throw new FormatError(`Cannot read vocabulary: "kind" must be one of ${kinds}, got ${JSON.stringify(kind)}`);
    }
    const fault = tokenListFault(kind!, tokens);
    if (fault) throw new FormatError(`Cannot read vocabulary: ${fault}`);
    return new Vocabulary(kind!, tokens!);
  }

  static #of(kind: TokenKind, text: string, { special = [], minimumCount = 1 }: VocabularyOptions): Vocabulary {
    requireInteger("minimumCount", minimumCount, 1);
    special.forEach((token) => requireOneOf("special", token, SPECIAL));
    if (new Set(special).size < special.length) {
      throw new OptionError(`"special" must not have a token twice, got ${special.join(", ")}`);
    }
    if (minimumCount > 1 && !special.includes("<unk>")) {
      throw new OptionError(`"minimumCount" above 1 needs "<unk>" among "special", got ${minimumCount} without it`);
    }
    if (text.length === 0) throw new OptionError(`Cannot make a vocabulary: "text" must not be empty, got ""`);
    const counts = new Map<string, number>();
    for (const token of tokenize(kind, text)) counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const token of special) counts.delete(token);
    const tokens = [...counts.keys()].filter((token) => counts.get(token)! >= minimumCount).sort(byCodePoints);
    if (tokens.length === 0) {
      const times = minimumCount === 1 ? "once" : `${minimumCount} times`;
      throw new OptionError(`Cannot make a vocabulary: no token (${kind}) occurs at least ${times} in "text"`);
    }
    return new Vocabulary(kind, [...special, ...tokens]);
  }

  /** The number of tokens V; ids are 0 to V - 1. */
  get size(): number {
    return this.tokens.length;
  }

  /** What stands between two tokens in a text: a space between spaced ones, else nothing. */
  get separator(): string {
    return this.kind === "spaced" ? " " : "";
  }

  /** The id of a token, undefined when there is none: `id("<pad>")`. */
  id(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** A text cut into tokens, known or not. */
  split(text: string): string[] {
    return [...tokenize(this.kind, text)];
  }

  /** How many characters (code points) of a text each of its tokens makes up, with the separator before it. */
  lengths(text: string): Int32Array {
    return Int32Array.from(tokenize(this.kind, text), (token) => this.separator.length + countCharacters(token));
  }

  /**
   * The id of each token of a text, or of a list of tokens, which can have special ones: `["<bos>",
   * ...vocabulary.split(text), "<eos>"]`.
   *
   * @returns A new array, as long as there are tokens.
   * @throws {OptionError} When a token is not in the vocabulary and the vocabulary has no `<unk>`.
   */
  encode(text: string | readonly string[]): Int32Array<ArrayBuffer> {
    const tokens = typeof text === "string" ? tokenize(this.kind, text) : text, unknown = this.#ids.get("<unk>");
    // No token is shorter than a UTF-16 unit.
    const ids = new Int32Array(text.length);
    let length = 0;
    for (const token of tokens) {
      const id = this.#ids.get(token) ?? unknown;
      if (id === undefined) throw new OptionError(this.#missing(text, token, length));
      ids[length++] = id;
    }
    return length === text.length ? ids : ids.slice(0, length);
  }

  /**
   * The text of a list of ids; special tokens are written as such.
   *
   * @throws {OptionError} When an id is not an integer from 0 to `size - 1`.
   */
  decode(ids: ArrayLike<number>): string {
    let text = "";
    for (let index = 0; index < ids.length; index++) {
      if (index > 0) text += this.separator;
      text += this.tokens[this.#requireId("Cannot decode", ids, index)];
    }
    return text;
  }

  /**
   * Ids as one-hot rows, `[n, V]`: zeros with a one at the id. Nets take the ids themselves, through `oneHot` or
   * `embedding`; this is for looking at them, and for one's own calculations.
   *
   * @throws {OptionError} When an id is not an integer from 0 to `size - 1`.
   */
  oneHot(ids: ArrayLike<number>): Float32Array {
    const rows = new Float32Array(ids.length * this.size);
    for (let index = 0; index < ids.length; index++) {
      rows[index * this.size + this.#requireId("Cannot make one-hot rows", ids, index)] = 1;
    }
    return rows;
  }

  /** The vocabulary as plain data, for `JSON.stringify` and `Vocabulary.fromJSON`. */
  toJSON(): VocabularyJSON {
    return { kind: this.kind, tokens: [...this.tokens] };
  }

  #requireId(what: string, ids: ArrayLike<number>, index: number): number {
    const id = ids[index];
    if (this.tokens[id] !== undefined) return id;
    const range = `an integer from 0 to ${this.size - 1}`;
    throw new OptionError(`${what}: the id at index ${index} must be ${range}, got ${id}`);
  }

  /** What to say about token number `index`. */
  #missing(text: string | readonly string[], token: string, index: number): string {
    const [what, things] = this.kind === "characters"
      ? [named(token), "characters"]
      : [JSON.stringify(token), "tokens"];
    const before = typeof text === "string" && this.kind !== "spaced" ? this.split(text).slice(0, index).join("") : "";
    const place = typeof text !== "string" || this.kind === "spaced" ? `token ${index}` : `index ${before.length}`;
    return `Cannot encode: "text" must have only the ${this.size} ${things} of the vocabulary, got ${what} at ${place}`;
  }
}

/** A character and its number: "é" (U+00E9). */
function named(character: string): string {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return `${JSON.stringify(character)} (U+${code})`;
}

/** The order of dictionaries by code points, which is not that of UTF-16 units. */
function byCodePoints(a: string, b: string): number {
  for (let i = 0;; i++) {
    const p = a.codePointAt(i) ?? -1, q = b.codePointAt(i) ?? -1;
    if (p !== q || p < 0) return p - q;
  }
}
