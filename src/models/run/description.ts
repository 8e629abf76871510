import { requireNumber, requireOneOf } from "../../errors.ts";
import { count, list as array, refuse } from "../../options.ts";
import { Vocabulary } from "../../text/vocabulary.ts";
import type { TokenizerSource, VocabularyJSON } from "../../text/vocabulary_tokens.ts";

/**
 * Checks a value of a model's file and makes it the value of the description.
 *
 * @param tokenizer The tokenizer of the model, if its tokens are those of one.
 * @throws {OptionError} When the value is wrong; the error names it.
 */
export interface ReadValue<Value> {
  (name: string, value: unknown, tokenizer?: TokenizerSource): Value;
  /** Whether a file may be without the value. */
  readonly isOptional?: true;
}

/** How each value of a description is read. The compiler asks for all of them. */
export type ReadValues<Description> = { readonly [Key in keyof Description]-?: ReadValue<Description[Key]> };

/** Reads one of some names. */
export function oneOf<Name extends string>(...names: Name[]): ReadValue<Name> {
  return (name, value) => requireOneOf(name, value as Name, names);
}

/** Reads a list of at least `least` values. */
export function list<Value>(read: ReadValue<Value>, least = 0): ReadValue<readonly Value[]> {
  return (name, value, tokenizer) => {
    const values = array(name, value);
    if (values.length < least) refuse(name, `an array of at least ${least} values`, value);
    return values.map((element) => read(name, element, tokenizer));
  };
}

/** Reads the name of a class. */
export const label: ReadValue<string | number> = (name, value) => {
  return typeof value === "string" ? value : requireNumber(name, value as number);
};

/** Reads a vocabulary. */
export const vocabulary: ReadValue<Vocabulary> = (name, value, tokenizer) => {
  if (typeof value !== "object") refuse(name, "a vocabulary", value);
  return Vocabulary.fromJSON(value as VocabularyJSON, tokenizer);
};

/** Reads a vocabulary, or the number of tokens. */
export const tokens: ReadValue<Vocabulary | number> = (name, value, tokenizer) => {
  return typeof value === "object" ? vocabulary(name, value, tokenizer) : count(name, value);
};

/** Reads a value for the source and one for the target. */
export function sides<Value>(read: ReadValue<Value>): ReadValue<{ readonly source: Value; readonly target: Value }> {
  return (name, value, tokenizer) => {
    const { source, target } = Object(value) as Record<string, unknown>;
    return { source: read(`${name}.source`, source, tokenizer), target: read(`${name}.target`, target, tokenizer) };
  };
}

/** Reads a value that may be absent. */
export function optional<Value>(read: ReadValue<Value>): ReadValue<Value | undefined>;
/** Reads a value that may be absent and has a default. */
export function optional<Value>(read: ReadValue<Value>, absent: Value): ReadValue<Value>;
export function optional<Value>(read: ReadValue<Value>, absent?: Value): ReadValue<Value | undefined> {
  const readIfPresent: ReadValue<Value | undefined> = (name, value, tokenizer) =>
    value === undefined ? absent : read(name, value, tokenizer);
  return Object.assign(readIfPresent, { isOptional: true as const });
}
