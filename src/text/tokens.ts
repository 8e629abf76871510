import { cut, isUnspaced, isWhite, JOIN, Spacing, splitWords } from "./words.ts";

/**
 * The kind of a token, which says how texts are cut and joined.
 *
 * - `"characters"`: a Unicode code point.
 * - `"words2"`: a word, a mark or a line break, without the space before it: see `Vocabulary.words`.
 * - `"folded"`: a word or a mark in lower case, without white space: see `Vocabulary.folded`.
 * - `"spaced"`: the text between white space, for texts that are tokenized already, and for sequences of phonemes or
 *   notes.
 * - `"words"`: the words of version 0.1, which models of that version have: a word together with one space before it,
 *   or the text between words, as the platform's `Intl.Segmenter` cuts.
 * - `"tokenizer"`: what a `Tokenizer` of another library takes for a token.
 */
export type TokenKind = ListedKind | "tokenizer";

/** A kind whose tokens are listed. */
export type ListedKind = "characters" | "words2" | "folded" | "spaced" | "words";

/**
 * A token without text of its own.
 *
 * - `<unk>`: any token that is not in the vocabulary, the unknown word of the lecture notes.
 * - `<pad>`: padding at the end of a sequence.
 * - `<bos>`, `<eos>`: the beginning and the end of a sequence.
 */
export type SpecialToken = "<unk>" | "<pad>" | "<bos>" | "<eos>";

/** All special tokens. Their names collide with no other token: each has five characters, and at least three words. */
export const SPECIAL: readonly SpecialToken[] = ["<unk>", "<pad>", "<bos>", "<eos>"];

/** Cuts a run of text into words that have no spaces between them. */
type Segmenter = Intl.Segmenter | undefined;

/** How the texts of one kind of token are cut and joined. */
interface TokenRules {
  /** Cuts a text into tokens, in order. */
  split(text: string, segmenter: Segmenter): Iterable<string>;
  /** Returns a function that takes the tokens of a text in order, and gives the text that each token adds. */
  writer(): (token: string) => string;
  /** What a token that is not special must be. */
  readonly form: string;
  /** Whether a text is a token. */
  isToken(text: string): boolean;
  /** Whether the tokens of a text, written, are the text again. */
  readonly isWhole: boolean;
  /** Whether letters of scripts without spaces can be cut by a segmenter. */
  readonly hasLocale?: boolean;
  /** Tokens that a text may need although the text of the vocabulary has none of them. */
  readonly always?: readonly string[];
}

const written = () => (token: string) => token;

/** The rules of each kind. A model's file has the name of a kind: rules that a released version had do not change. */
const RULES: Readonly<Record<ListedKind, TokenRules>> = {
  characters: {
    split: (text) => text,
    writer: written,
    form: "one character",
    isToken: (text) => countCharacters(text) === 1,
    isWhole: true,
  },
  words2: {
    split: splitWords,
    writer: spacedWriter,
    form: "one word, mark or white space",
    isToken: (text) => text === JOIN || isPiece(text),
    isWhole: true,
    hasLocale: true,
    always: [" ", JOIN],
  },
  folded: {
    split: foldedWords,
    writer: spacedWriter,
    form: "one word or mark in lower case",
    isToken: (text) => !isWhite(text) && text === fold(text) && isPiece(text),
    isWhole: false,
    hasLocale: true,
  },
  spaced: {
    split: (text) => text.match(/\S+/g) ?? [],
    writer() {
      let separator = "";
      return (token) => {
        const text = separator + token;
        separator = " ";
        return text;
      };
    },
    form: "a text without white space that is not empty",
    isToken: (text) => /^\S+$/.test(text),
    isWhole: false,
  },
  words: {
    split: segmentedWords,
    writer: written,
    form: "a text that is not empty",
    // The words of a text depend on their context and on the engine, so any text may be a word.
    isToken: (text) => text !== "",
    isWhole: true,
  },
};

/** All kinds whose tokens are listed. */
export const LISTED_KINDS = /* @__PURE__ */ Object.keys(RULES) as ListedKind[];

/** The rules of a kind. */
export function rulesOf(kind: ListedKind): TokenRules {
  return RULES[kind];
}

/** Writes the spaces of the rule between words and marks. */
function spacedWriter(): (token: string) => string {
  const spacing = new Spacing();
  return (token) => {
    const space = spacing.before(token) ? " " : "";
    spacing.next(token);
    return space + (token === JOIN ? "" : token);
  };
}

/** Lower case, composed characters and straight apostrophes. */
function fold(text: string): string {
  return text.toLowerCase().normalize("NFC").replaceAll("’", "'");
}

function* foldedWords(text: string, segmenter: Segmenter): Iterable<string> {
  for (const piece of cut(fold(text), segmenter)) if (!isWhite(piece)) yield piece;
}

/** Whether a text is one piece of the rules. A segmenter makes pieces of several letters. */
function isPiece(text: string): boolean {
  const pieces = [...cut(text)];
  return pieces.length === 1 || text !== "" && pieces.every(isUnspaced);
}

/** The words of version 0.1. Its sequences are as long as those of `words2`, but a word has an id for each place. */
function* segmentedWords(text: string): Iterable<string> {
  let space = "";
  for (const { segment, isWordLike } of new Intl.Segmenter("en", { granularity: "word" }).segment(text)) {
    if (segment === " ") {
      space = segment;
      continue;
    }
    if (isWordLike) yield space + segment;
    else {
      if (space) yield space;
      yield segment;
    }
    space = "";
  }
  if (space) yield space;
}

/** The reason why a list cannot be the tokens of a vocabulary; undefined when it can. */
export function tokenListFault(kind: ListedKind, tokens: unknown): string | undefined {
  if (!Array.isArray(tokens) || tokens.length === 0) return `"tokens" must be a list of at least one token`;
  const { isToken, form } = rulesOf(kind);
  const seen = new Set<unknown>();
  for (const [id, token] of tokens.entries()) {
    const isValid = SPECIAL.includes(token) || typeof token === "string" && isToken(token);
    const reason = seen.has(token) ? "not occur twice" : isValid ? undefined : `be ${form}`;
    if (reason) return `token ${id} must ${reason}, got ${JSON.stringify(token)}`;
    seen.add(token);
  }
}

/** The number of characters (code points) of a text. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
