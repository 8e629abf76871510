import { OptionError, requireOneOf } from "../errors.ts";
import type { Check } from "../options.ts";
import { isTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { Vocabulary } from "../text/vocabulary.ts";

/** The kinds of tokens that a model makes a vocabulary of. */
export type TextKind = "characters" | "words" | "spaced";

/** The check of the option `tokens`: one of some kinds, or a vocabulary or tokenizer. */
export function textTokens<Kind extends TextKind>(...kinds: Kind[]): Check<Kind | Vocabulary> {
  return (name, value) => isTokenizer(value) ? Vocabulary.from(value) : requireOneOf(name, value as Kind, kinds);
}

/**
 * The vocabulary of a model: a given one, or that of texts. The vocabulary of words or spaced tokens has those that
 * occur at least twice, and `<unk>` for the others.
 *
 * @param texts Gives the texts as one, for a kind of tokens.
 * @throws {OptionError} When there are two vocabularies, or the text has no tokens.
 */
export function vocabularyOf<Source>(
  source: Source | Tokenizer,
  tokens: TextKind | Vocabulary | undefined,
  texts: (source: Source, kind: TextKind) => string,
): Vocabulary {
  if (isTokenizer(source)) {
    if (tokens === undefined) return Vocabulary.from(source);
    throw new OptionError(`"tokens" is for texts: the vocabulary that is given says itself what a token is`);
  }
  if (typeof tokens === "object") return tokens;
  const kind = tokens ?? "characters", text = texts(source, kind);
  if (kind === "characters") return Vocabulary.characters(text);
  return Vocabulary[kind](text, { special: ["<unk>"], minimumCount: 2 });
}
