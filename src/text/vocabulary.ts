import { FormatError, OptionError, requireOneOf } from "../errors.ts";
import { count, list, readOptions, type Table, text as requireText } from "../options.ts";
import {
  countCharacters,
  SPECIAL,
  type SpecialToken,
  TOKEN_KINDS,
  tokenize,
  type TokenKind,
  tokenListFault,
} from "./tokens.ts";

/** Options of the functions that make a `Vocabulary` from a text. */
export interface VocabularyOptions {
  /**
   * Special tokens, such as `["<pad>", "<unk>"]`. Their ids count from 0 in this order.
   *
   * @default []
   */
  special?: readonly SpecialToken[];
  /**
   * The minimum number of occurrences of a token in the text. Above 1 the special token `<unk>` is required, which
   * represents all rarer tokens.
   *
   * @default 1
   */
  minimumCount?: number;
}

const VOCABULARY = {
  special: [(name, value) => list(name, value).map((token) => requireOneOf(name, token, SPECIAL)), []],
  minimumCount: [count, 1],
} satisfies Table<VocabularyOptions>;

/** A vocabulary as data: the result of `Vocabulary.toJSON`, and the argument of `Vocabulary.fromJSON`. */
export interface VocabularyJSON {
  /** The kind of its tokens. */
  kind: TokenKind;
  /** The tokens in the order of their ids. Special tokens have their names. */
  tokens: string[];
}

/**
 * The tokens of a model, numbered from 0. A vocabulary converts text to ids and back.
 *
 * In the lecture notes this is the dictionary of "Representing words": `oneHot` makes their vectors, and `<unk>` is
 * their unknown word.
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
 * const listed = Vocabulary.list(["<unk>", "a", "aaron", "and", "zulu"]);
 * assertEquals(listed.encode("aaron and a spell"), Int32Array.of(2, 3, 1, 0));
 * assertEquals(listed.decode([2, 3, 4]), "aaron and zulu");
 * ```
 */
export class Vocabulary {
  /** The kind of its tokens. */
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
   * The distinct characters (code points) of a text, in the order of their code points. The same set of characters
   * always has the same ids.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   */
  static characters(text: string, options: VocabularyOptions = {}): Vocabulary {
    return Vocabulary.#of("characters", text, options);
  }

  /**
   * The distinct words of a text and the text between them (see `TokenKind`), in the order of their code points. Words
   * are those of the platform's `Intl.Segmenter` in English. Engines with different Unicode versions may cut
   * differently, above all in languages without spaces.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   */
  static words(text: string, options: VocabularyOptions = {}): Vocabulary {
    return Vocabulary.#of("words", text, options);
  }

  /**
   * The distinct tokens of a text that has white space between all its tokens, in the order of their code points. The
   * name of a special token in the text, such as `<unk>`, is that token.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   */
  static spaced(text: string, options: VocabularyOptions = {}): Vocabulary {
    return Vocabulary.#of("spaced", text, options);
  }

  /**
   * A vocabulary of listed tokens, which may include the names of special tokens. The id of a token is its index in the
   * list. Texts have white space between tokens.
   *
   * @throws {OptionError} When the list is empty, or a token occurs twice, is empty or contains white space.
   */
  static list(tokens: readonly string[]): Vocabulary {
    const fault = tokenListFault("spaced", tokens);
    if (fault) throw new OptionError(`Cannot make a vocabulary: ${fault}`);
    return new Vocabulary("spaced", tokens);
  }

  /**
   * The vocabulary of a result of `toJSON`. Tokens may be in any order, which stays.
   *
   * @throws {FormatError} When the kind is unknown, there are no tokens, a token occurs twice, or a token is not of the
   * kind.
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

  static #of(kind: TokenKind, text: string, options: VocabularyOptions): Vocabulary {
    requireText("text", text);
    const { special, minimumCount } = readOptions(`Vocabulary.${kind}`, VOCABULARY, options);
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

  /** The text between two tokens: a space for spaced tokens, otherwise nothing. */
  get separator(): string {
    return this.kind === "spaced" ? " " : "";
  }

  /** The id of a token, as in `id("<pad>")`; undefined when the token is not in the vocabulary. */
  id(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** Cuts a text into tokens, which need not be in the vocabulary. */
  split(text: string): string[] {
    return [...tokenize(this.kind, text)];
  }

  /** For each token of a text, its number of characters (code points), including the separator before it. */
  lengths(text: string): Int32Array {
    return Int32Array.from(tokenize(this.kind, text), (token) => this.separator.length + countCharacters(token));
  }

  /**
   * The ids of the tokens of a text, or of listed tokens. A list may include special tokens: `["<bos>",
   * ...vocabulary.split(text), "<eos>"]`.
   *
   * @returns A new array with one id for each token.
   * @throws {OptionError} When a token is not in the vocabulary and the vocabulary has no `<unk>`.
   */
  encode(text: string | readonly string[]): Int32Array<ArrayBuffer> {
    const tokens = typeof text === "string" ? tokenize(this.kind, text) : text;
    const unknown = this.#ids.get("<unk>");
    // Every token has at least one UTF-16 unit.
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
   * The text of a list of ids. Special tokens appear with their names.
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
   * The one-hot rows of ids, `[n, V]`: zeros with a one at the id. The layers `oneHot` and `embedding` read ids, not
   * rows; these rows are for inspection and other computations.
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

  /** The vocabulary as data, for `JSON.stringify` and `Vocabulary.fromJSON`. */
  toJSON(): VocabularyJSON {
    return { kind: this.kind, tokens: [...this.tokens] };
  }

  #requireId(what: string, ids: ArrayLike<number>, index: number): number {
    const id = ids[index];
    if (this.tokens[id] !== undefined) return id;
    const range = `an integer from 0 to ${this.size - 1}`;
    throw new OptionError(`${what}: the id at index ${index} must be ${range}, got ${id}`);
  }

  /** The error message for an unknown token, which is number `index` of the tokens. */
  #missing(text: string | readonly string[], token: string, index: number): string {
    const [what, things] = this.kind === "characters"
      ? [describeCharacter(token), "characters"]
      : [JSON.stringify(token), "tokens"];
    const before = typeof text === "string" && this.kind !== "spaced" ? this.split(text).slice(0, index).join("") : "";
    const place = typeof text !== "string" || this.kind === "spaced" ? `token ${index}` : `index ${before.length}`;
    return `Cannot encode: "text" must have only the ${this.size} ${things} of the vocabulary, got ${what} at ${place}`;
  }
}

/** A character and its code point: "é" (U+00E9). */
function describeCharacter(character: string): string {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return `${JSON.stringify(character)} (U+${code})`;
}

/** Lexicographic order by code points, which differs from the order by UTF-16 units. */
function byCodePoints(a: string, b: string): number {
  for (let i = 0;; i++) {
    const p = a.codePointAt(i) ?? -1, q = b.codePointAt(i) ?? -1;
    if (p !== q || p < 0) return p - q;
  }
}
