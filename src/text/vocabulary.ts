import { FormatError, OptionError } from "../errors.ts";

/** The token for characters that a vocabulary does not have. No character has this name: it is five of them. */
const UNKNOWN = "<unk>";

/** What `Vocabulary.characters` can be told. */
export interface VocabularyOptions {
  /** Whether token 0 is `<unk>`, which stands for every character not in the text. Default false. */
  unknown?: boolean;
}

/** A vocabulary as plain data: `Vocabulary.toJSON` gives it, `Vocabulary.fromJSON` takes it. */
export interface VocabularyJSON {
  /** What a token is. */
  kind: "characters";
  /** The tokens in the order of their ids. */
  tokens: string[];
}

/**
 * The tokens that a model knows, numbered from 0: text to ids and back. A token is one character, that is, one Unicode
 * code point.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Vocabulary } from "@unroll/rnn";
 *
 * const vocabulary = Vocabulary.characters("hello");
 * assertEquals(vocabulary.tokens, ["e", "h", "l", "o"]);
 * assertEquals(vocabulary.encode("hole"), Int32Array.of(1, 3, 2, 0));
 * assertEquals(vocabulary.decode([1, 0, 2, 2, 3]), "hello");
 * ```
 */
export class Vocabulary {
  /** The tokens in the order of their ids. */
  readonly tokens: readonly string[];
  readonly #ids: Map<number, number>;
  readonly #unknown: number | undefined;

  private constructor(tokens: readonly string[]) {
    this.tokens = Object.freeze([...tokens]);
    this.#ids = new Map(this.tokens.map((token, id) => [token === UNKNOWN ? -1 : token.codePointAt(0)!, id]));
    this.#unknown = this.#ids.get(-1);
  }

  /**
   * The distinct characters of a text in the order of their code points, so that the same set of characters always
   * gives the same ids.
   *
   * @throws {OptionError} When the text is empty.
   */
  static characters(text: string, options: VocabularyOptions = {}): Vocabulary {
    if (text.length === 0) throw new OptionError(`Cannot make a vocabulary: "text" must not be empty, got ""`);
    const points = new Set<number>();
    for (const character of text) points.add(character.codePointAt(0)!);
    const tokens = [...points].sort((a, b) => a - b).map((point) => String.fromCodePoint(point));
    return new Vocabulary(options.unknown ? [UNKNOWN, ...tokens] : tokens);
  }

  /**
   * The vocabulary that `toJSON` described. The order of the tokens is kept, whatever it is.
   *
   * @throws {FormatError} When it is not the description of a vocabulary: another kind, no tokens, a token twice, a
   * token that is neither one character nor `<unk>`.
   */
  static fromJSON(json: VocabularyJSON): Vocabulary {
    const { kind, tokens } = (json ?? {}) as Partial<VocabularyJSON>;
    if (kind !== "characters") {
      throw new FormatError(`Cannot read vocabulary: "kind" must be "characters", got ${JSON.stringify(kind)}`);
    }
    if (!Array.isArray(tokens) || tokens.length === 0) {
      throw new FormatError(`Cannot read vocabulary: "tokens" must be a list of at least one token`);
    }
    const seen = new Set<string>();
    for (const [id, token] of tokens.entries()) {
      const reason = !isToken(token) ? "must be one character" : seen.has(token) ? "must not occur twice" : "";
      if (reason) throw new FormatError(`Cannot read vocabulary: token ${id} ${reason}, got ${JSON.stringify(token)}`);
      seen.add(token);
    }
    return new Vocabulary(tokens);
  }

  /** The number of tokens; ids are 0 to `size - 1`. */
  get size(): number {
    return this.tokens.length;
  }

  /**
   * The id of each character.
   *
   * @returns A new array, as long as the text has characters (code points).
   * @throws {OptionError} When a character is not in the vocabulary and the vocabulary has no `<unk>`.
   */
  encode(text: string): Int32Array<ArrayBuffer> {
    const ids = new Int32Array(text.length);
    let length = 0;
    for (let index = 0; index < text.length; length++) {
      const point = text.codePointAt(index)!;
      const id = this.#ids.get(point) ?? this.#unknown;
      if (id === undefined) throw new OptionError(this.#missing(point, index));
      ids[length] = id;
      index += point > 0xffff ? 2 : 1;
    }
    return length === text.length ? ids : ids.slice(0, length);
  }

  /**
   * The text of a list of ids; `<unk>` is written as such.
   *
   * @throws {OptionError} When an id is not an integer from 0 to `size - 1`.
   */
  decode(ids: ArrayLike<number>): string {
    let text = "";
    for (let index = 0; index < ids.length; index++) {
      const token = this.tokens[ids[index]];
      if (token === undefined) {
        const range = `an integer from 0 to ${this.size - 1}`;
        throw new OptionError(`Cannot decode: the id at index ${index} must be ${range}, got ${ids[index]}`);
      }
      text += token;
    }
    return text;
  }

  /** The vocabulary as plain data, for `JSON.stringify` and `Vocabulary.fromJSON`. */
  toJSON(): VocabularyJSON {
    return { kind: "characters", tokens: [...this.tokens] };
  }

  #missing(point: number, index: number): string {
    const code = "U+" + point.toString(16).toUpperCase().padStart(4, "0");
    const character = JSON.stringify(String.fromCodePoint(point));
    return `Cannot encode: "text" must have only the ${this.size} characters of the vocabulary, ` +
      `got ${character} (${code}) at index ${index}`;
  }
}

function isToken(token: unknown): token is string {
  if (typeof token !== "string" || token === "") return false;
  return token === UNKNOWN || String.fromCodePoint(token.codePointAt(0)!) === token;
}
