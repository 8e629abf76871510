import { OptionError } from "../errors.ts";
import { text as requireText, texts } from "../options.ts";
import { TokenList } from "./token_list.ts";
import { type Tokenizer, TokenizerTokens } from "./tokenizer.ts";
import { countCharacters, rulesOf, type TokenKind, tokenListFault } from "./tokens.ts";
import {
  listTokens,
  readTokens,
  type TokenizerSource,
  type VocabularyJSON,
  type VocabularyOptions,
  type WordsOptions,
} from "./vocabulary_tokens.ts";

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
 * assertEquals(words.tokens, ["<unk>", " ", ",", ".", "<join>", "Harry", "Hermione", "Ron", "met"]);
 * assertEquals(words.encode("Harry met Voldemort."), Int32Array.of(5, 8, 0, 3));
 *
 * const listed = Vocabulary.list(["<unk>", "a", "aaron", "and", "zulu"]);
 * assertEquals(listed.encode("aaron and a spell"), Int32Array.of(2, 3, 1, 0));
 * assertEquals(listed.decode([2, 3, 4]), "aaron and zulu");
 * ```
 */
export class Vocabulary {
  readonly #tokens: TokenList | TokenizerTokens;

  private constructor(tokens: TokenList | TokenizerTokens) {
    this.#tokens = tokens;
  }

  /**
   * The distinct characters (code points) of a text, in the order of their code points. The same set of characters
   * always has the same ids.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   */
  static characters(text: string, options: VocabularyOptions = {}): Vocabulary {
    return new Vocabulary(listTokens("characters", text, options));
  }

  /**
   * The distinct words and marks of a text, in the order of their code points. A word has one id wherever it stands.
   *
   * A fixed rule says where single spaces stand: between words, behind closing marks, before opening marks, none around
   * dashes. A straight quote opens and closes in turn. Where a text deviates from the rule, a token says so: `" "` for
   * a space, `<join>` for none; both are always there. Other white space is tokens, one for each space, tab and line
   * break. So `decode(encode(text))` is `text`. The rules are the same in every engine.
   *
   * Moby Dick (1,213,144 characters) has 265,560 tokens, 19,248 different ones. With the space in the word, as in GPT-2
   * (Radford et al. 2019) and in version 0.1, it has 265,200, 20,979 different ones.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   */
  static words(text: string, options: WordsOptions = {}): Vocabulary {
    return new Vocabulary(listTokens("words", text, options));
  }

  /**
   * The distinct words and marks of a text in lower case, in the order of their code points, without any white space:
   * for models that read texts and do not write them, such as classifiers. Texts are cut as by `words`. `decode` gives
   * the lower-case text with the spaces of the rule.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Vocabulary } from "@unroll/rnn";
   *
   * const words = Vocabulary.folded("A great film!", { special: ["<unk>"] });
   * assertEquals(words.tokens, ["<unk>", "!", "a", "film", "great"]);
   * assertEquals(words.encode("GREAT\n(great)"), Int32Array.of(4, 0, 4, 0));
   * ```
   */
  static folded(text: string, options: WordsOptions = {}): Vocabulary {
    return new Vocabulary(listTokens("folded", text, options));
  }

  /**
   * The distinct tokens of a text that has white space between all its tokens, in the order of their code points. The
   * name of a special token in the text, such as `<unk>`, is that token.
   *
   * @throws {OptionError} When there are no tokens, or an option is out of range.
   */
  static spaced(text: string, options: VocabularyOptions = {}): Vocabulary {
    return new Vocabulary(listTokens("spaced", text, options));
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
    return new Vocabulary(new TokenList("spaced", tokens, undefined));
  }

  /**
   * The tokens of another library, such as byte pairs (BPE). Models make this of a tokenizer that they are given.
   *
   * @throws {OptionError} When `tokenizer` has no `size`, `encode` or `decode`.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Vocabulary } from "@unroll/rnn";
   *
   * const ascii = {
   *   size: 128,
   *   encode: (text: string) => Array.from(text, (character) => character.charCodeAt(0)),
   *   decode: (ids: number[]) => String.fromCharCode(...ids),
   *   toJSON: () => "ascii",
   * };
   * const vocabulary = Vocabulary.from(ascii);
   * assertEquals(vocabulary.decode(vocabulary.encode("the sea")), "the sea");
   * assertEquals(vocabulary.toJSON(), { kind: "tokenizer", size: 128, json: "ascii" });
   * ```
   */
  static from(tokenizer: Tokenizer): Vocabulary {
    if (tokenizer instanceof Vocabulary) return tokenizer;
    return new Vocabulary(new TokenizerTokens(tokenizer));
  }

  /**
   * The vocabulary of a result of `toJSON`. Tokens may be in any order, which stays.
   *
   * @param tokenizer The tokenizer, if the tokens are those of one: JSON does not have its functions.
   * @throws {FormatError} When the kind is unknown, there are no tokens, a token occurs twice, or a token is not of the
   * kind; when the tokenizer is missing or another one.
   */
  static fromJSON(json: VocabularyJSON, tokenizer?: TokenizerSource): Vocabulary {
    return new Vocabulary(readTokens(json, tokenizer));
  }

  /** The kind of its tokens. */
  get kind(): TokenKind {
    return this.#tokens.kind;
  }

  /** The tokens in the order of their ids. */
  get tokens(): readonly string[] {
    return this.#tokens.tokens;
  }

  /** The number of tokens V; ids are 0 to V - 1. */
  get size(): number {
    return this.#tokens.size;
  }

  /** The id of a token, as in `id("<pad>")`; undefined when the token is not in the vocabulary. */
  id(token: string): number | undefined {
    return this.#tokens.id(token);
  }

  /** Cuts a text into tokens, which need not be in the vocabulary. */
  split(text: string): string[] {
    return this.#tokens.split(requireText("text", text));
  }

  /**
   * For each token of a text, the number of characters (code points) that the token adds to the text, including the
   * space before it.
   */
  lengths(text: string): Int32Array {
    const tokens = this.#tokens;
    requireText("text", text);
    if (tokens instanceof TokenizerTokens) return tokens.encode(text).map(counted(tokens.writer()));
    // A spaced token counts a space before it, also at the beginning: texts of spaced tokens are cut out of longer
    // ones.
    const write = rulesOf(tokens.kind).writer();
    if (tokens.kind === "spaced") write("");
    return Int32Array.from(tokens.split(text), counted(write));
  }

  /**
   * The ids of the tokens of a text, or of listed tokens. A list may include special tokens: `["<bos>",
   * ...vocabulary.split(text), "<eos>"]`.
   *
   * @returns A new array with one id for each token.
   * @throws {OptionError} When a token is not in the vocabulary and the vocabulary has no `<unk>`.
   */
  encode(text: string | readonly string[]): Int32Array<ArrayBuffer> {
    return this.#tokens.encode(textOrTokens(text));
  }

  /**
   * The text of a list of ids. Special tokens appear with their names.
   *
   * @throws {OptionError} When an id is not an integer from 0 to `size - 1`.
   */
  decode(ids: ArrayLike<number>): string {
    return this.#tokens.decode(Array.from(ids, (_, index) => this.#requireId("Cannot decode", ids, index)));
  }

  /**
   * Returns a function that takes ids one by one and gives the text that each id adds, for texts that are written token
   * by token. A token's text may depend on the tokens before it: on the space between them, or on the first part of a
   * character.
   *
   * @param before Ids that stand before the first one.
   * @throws {OptionError} When an id is not an integer from 0 to `size - 1`.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Vocabulary } from "@unroll/rnn";
   *
   * const words = Vocabulary.words("the sea, the whale");
   * const [the, sea, comma] = words.encode("the sea,");
   * const write = words.writer([the]);
   * assertEquals([sea, comma, the].map(write), [" sea", ",", " the"]);
   * ```
   */
  writer(before: ArrayLike<number> = []): (id: number) => string {
    const write = this.#tokens.writer();
    const add = (id: number) => write(this.#requireId("Cannot decode", [id], 0));
    for (let i = 0; i < before.length; i++) add(before[i]);
    return (id) => add(id);
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
    return this.#tokens.toJSON();
  }

  #requireId(what: string, ids: ArrayLike<number>, index: number): number {
    const id = ids[index];
    if (Number.isInteger(id) && id >= 0 && id < this.size) return id;
    const range = `an integer from 0 to ${this.size - 1}`;
    throw new OptionError(`${what}: the id at index ${index} must be ${range}, got ${id}`);
  }
}

/** @throws {OptionError} When a value is neither a text nor a list of texts. */
function textOrTokens(value: unknown): string | string[] {
  return Array.isArray(value) ? texts("text", value) : requireText("text", value);
}

/** A function that gives the number of characters of what `write` gives. */
function counted<Token>(write: (token: Token) => string): (token: Token) => number {
  return (token) => countCharacters(write(token));
}
