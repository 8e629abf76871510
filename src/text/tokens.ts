/**
 * What a token is. `"characters"`: a Unicode code point. `"words"`: a word with the one space before it, or what stands
 * between words: a mark, a line break, more space. `"spaced"`: what stands between white space, as in texts that were
 * cut into tokens before, sequences of phonemes or notes.
 */
export type TokenKind = "characters" | "words" | "spaced";

/** The kinds of tokens. */
export const TOKEN_KINDS: readonly TokenKind[] = ["characters", "words", "spaced"];

/**
 * A token that stands for no text. `<unk>`: whatever is not in the vocabulary, the lecture notes' unknown word. `<pad>`:
 * fills up a sequence. `<bos>`, `<eos>`: its beginning and its end.
 */
export type SpecialToken = "<unk>" | "<pad>" | "<bos>" | "<eos>";

/** No character and no word has such a name: it is five characters, and at least three words. */
export const SPECIAL: readonly SpecialToken[] = ["<unk>", "<pad>", "<bos>", "<eos>"];

/**
 * A text cut into tokens, in order. Characters and words joined give the text again; spaced tokens do with single
 * spaces between them, where the text had other white space it is lost.
 *
 * Words are those of the platform's `Intl.Segmenter` in English, whatever the machine's language; Chinese, Japanese and
 * Thai, which have no spaces, are cut by its dictionaries. What engines of different Unicode versions say may differ.
 * A space that belongs to its word makes sequences shorter: of Moby Dick 265,200 tokens instead of 473,470, with 20,979
 * different ones instead of 19,257; GPT-2 (Radford et al. 2019) does the same.
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

/** Why a list cannot be a vocabulary's tokens; undefined when it can. */
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
  // Which words there are depends on what surrounds them and on the engine: any text may be one.
  if (kind === "words") return text ? undefined : "must be a text that is not empty";
  return /^\S+$/.test(text) ? undefined : "must be a text without white space that is not empty";
}

/** Number of characters (code points). */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
