import { FormatError, OptionError, requireOneOf } from "../errors.ts";
import { count, extended, list, readOptions, type Table, text as requireText } from "../options.ts";
import { segmenterOf, TokenList } from "./token_list.ts";
import { type Tokenizer, TokenizerTokens } from "./tokenizer.ts";
import { LISTED_KINDS, rulesOf, SPECIAL, type SpecialToken, type TokenKind, tokenListFault } from "./tokens.ts";

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

/** Options of the functions that make a `Vocabulary` of words. */
export interface WordsOptions extends VocabularyOptions {
  /**
   * The language of a text without spaces between its words, such as `"ja"` or `"th"`: the platform's `Intl.Segmenter`
   * then cuts runs of such letters. Engines differ in these cuts.
   *
   * @default each letter of Chinese, Japanese, Thai, Lao, Burmese and Khmer is a token
   */
  locale?: string;
}

const VOCABULARY = {
  special: [(name, value) => list(name, value).map((token) => requireOneOf(name, token, SPECIAL)), []],
  minimumCount: [count, 1],
} satisfies Table<VocabularyOptions>;

const WORDS = /* @__PURE__ */ extended(VOCABULARY, { locale: [requireText] }) satisfies Table<WordsOptions>;

/** A vocabulary as data: the result of `Vocabulary.toJSON`, and the argument of `Vocabulary.fromJSON`. */
export interface VocabularyJSON {
  /** The kind of its tokens. */
  kind: TokenKind;
  /** The tokens in the order of their ids. Special tokens have their names. */
  tokens?: string[];
  /** The language whose words the platform cuts. */
  locale?: string;
  /** The number of tokens of a tokenizer. */
  size?: number;
  /** What JSON has of a tokenizer. */
  json?: unknown;
}

/** The tokenizer of a vocabulary that was read, from what JSON has of the tokenizer. */
export type TokenizerSource = Tokenizer | ((json: unknown) => Tokenizer);

/** The distinct tokens of a text, made by the function of `Vocabulary` that has this name. */
export function listTokens(
  name: "characters" | "words" | "folded" | "spaced",
  text: string,
  options: WordsOptions,
): TokenList {
  const kind = name === "words" ? "words2" : name;
  requireText("text", text);
  const { split, always = [], hasLocale } = rulesOf(kind);
  const table = hasLocale ? WORDS : VOCABULARY;
  const { special, minimumCount } = readOptions(`Vocabulary.${name}`, table, options), { locale } = options;
  if (new Set(special).size < special.length) {
    throw new OptionError(`"special" must not have a token twice, got ${special.join(", ")}`);
  }
  if (minimumCount > 1 && !special.includes("<unk>")) {
    throw new OptionError(`"minimumCount" above 1 needs "<unk>" among "special", got ${minimumCount} without it`);
  }
  if (text.length === 0) throw new OptionError(`Cannot make a vocabulary: "text" must not be empty, got ""`);
  const counts = new Map<string, number>();
  for (const token of split(text, segmenterOf(kind, locale))) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const token of special) counts.delete(token);
  const tokens = [...counts.keys()].filter((token) => counts.get(token)! >= minimumCount);
  if (tokens.length === 0) {
    const times = minimumCount === 1 ? "once" : `${minimumCount} times`;
    throw new OptionError(`Cannot make a vocabulary: no token (${name}) occurs at least ${times} in "text"`);
  }
  const all = [...new Set([...always, ...tokens])].sort(byCodePoints);
  return new TokenList(kind, [...special, ...all], locale);
}

/** The tokens that `toJSON` of a vocabulary has written. */
export function readTokens(value: VocabularyJSON, source?: TokenizerSource): TokenList | TokenizerTokens {
  const { kind, tokens, locale, size, json } = (value ?? {}) as Partial<VocabularyJSON>;
  const refusal = (reason: string) => new FormatError(`Cannot read vocabulary: ${reason}`);
  if (kind === "tokenizer") {
    const expected = JSON.stringify({ kind, size, json });
    if (source === undefined) {
      throw refusal(`it needs the tokenizer ${short(expected)}; give it as option "tokens"`);
    }
    const given = new TokenizerTokens(typeof source === "function" ? source(json) : source);
    const got = JSON.stringify(given);
    if (got === expected) return given;
    throw refusal(`the tokenizer must be ${short(expected)}, got ${short(got)}`);
  }
  if (!LISTED_KINDS.includes(kind!)) {
    const kinds = [...LISTED_KINDS, "tokenizer"].map((name) => JSON.stringify(name)).join(", ");
    throw refusal(`"kind" must be one of ${kinds}, got ${JSON.stringify(kind)}`);
  }
  const fault = tokenListFault(kind!, tokens);
  if (fault) throw refusal(fault);
  try {
    return new TokenList(kind!, tokens!, locale);
  } catch (cause) {
    throw refusal((cause as Error).message);
  }
}

/** A text of an error message. */
function short(text: string): string {
  return text.length > 80 ? text.slice(0, 80) + "…" : text;
}

/** Lexicographic order by code points, which differs from the order by UTF-16 units. */
function byCodePoints(a: string, b: string): number {
  for (let i = 0;; i++) {
    const p = a.codePointAt(i) ?? -1, q = b.codePointAt(i) ?? -1;
    if (p !== q || p < 0) return p - q;
  }
}
