/**
 * The kind of a token.
 *
 * - `"characters"`: a Unicode code point.
 * - `"words"`: a word together with one space before it, or the text between words: a mark, a line break, more space.
 * - `"spaced"`: the text between white space, for texts that are tokenized already, and for sequences of phonemes or
 *   notes.
 */
export type TokenKind = "characters" | "words" | "spaced";

/** All kinds of tokens. */
export const TOKEN_KINDS: readonly TokenKind[] = ["characters", "words", "spaced"];

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

/**
 * Cuts a text into tokens, in order. Characters and words, joined, give the text again. Spaced tokens, joined by single
 * spaces, give the text without its other white space.
 *
 * Words are those of the platform's `Intl.Segmenter` in English, whatever the language of the machine. Its dictionaries
 * cut Chinese, Japanese and Thai, which have no spaces. Engines with different Unicode versions may cut differently.
 *
 * A space that belongs to the next word makes sequences shorter: Moby Dick has 265,200 tokens instead of 473,470, with
 * 20,979 different ones instead of 19,257. GPT-2 (Radford et al. 2019) does the same.
 */
export function tokenize(kind: TokenKind, text: string): Iterable<string> {
  if (kind === "characters") return text;
  return kind === "words" ? words(text) : text.match(/\S+/g) ?? [];
}

function* words(text: string): Iterable<string> {
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
export function tokenListFault(kind: TokenKind, tokens: unknown): string | undefined {
  if (!Array.isArray(tokens) || tokens.length === 0) return `"tokens" must be a list of at least one token`;
  const seen = new Set<string>();
  for (const [id, token] of tokens.entries()) {
    const reason = seen.has(token) ? "must not occur twice" : tokenFault(kind, token);
    if (reason) return `token ${id} ${reason}, got ${JSON.stringify(token)}`;
    seen.add(token);
  }
}

function tokenFault(kind: TokenKind, token: unknown): string | undefined {
  if (SPECIAL.includes(token as SpecialToken)) return undefined;
  const text = typeof token === "string" ? token : "";
  if (kind === "characters") return countCharacters(text) === 1 ? undefined : "must be one character";
  // The words of a text depend on their context and on the engine, so any text may be a word.
  if (kind === "words") return text ? undefined : "must be a text that is not empty";
  return /^\S+$/.test(text) ? undefined : "must be a text without white space that is not empty";
}

/** The number of characters (code points) of a text. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
