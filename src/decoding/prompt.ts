import { OptionError } from "../errors.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Vocabulary } from "../text/vocabulary.ts";

/**
 * A prompt as a model reads it. `LanguageModel.read` gives prompts that are read already: each may be continued any
 * number of times.
 */
export class Prompt {
  /** The text, or its tokens. */
  readonly text: string | readonly string[];
  /** The ids to read. */
  readonly ids: Int32Array;
  /** How many of them have been read, and the states after these. */
  readonly read: number;
  /** The states, `[H]` by name. */
  readonly states: States | "zero";
  readonly #vocabulary: Vocabulary;
  /** Whether the ids are those of the text, not what a model reads without a prompt. */
  readonly #isGiven: boolean;

  /**
   * `LanguageModel.read` makes prompts. A space at the end belongs to the next word, except in models of characters:
   * the model does not read the space, and the continuation does not repeat it.
   *
   * @param start The ids to read without a prompt.
   * @param reading What has been read of the ids. Default: nothing.
   */
  constructor(
    vocabulary: Vocabulary,
    text: string | readonly string[] = "",
    start: Int32Array = new Int32Array(0),
    { states, read }: Pick<Prompt, "states" | "read"> = { states: "zero", read: 0 },
  ) {
    const ids = vocabulary.encode(typeof text === "string" ? withoutSpaces(vocabulary, text) : text);
    this.#vocabulary = vocabulary;
    this.#isGiven = ids.length > 0;
    this.text = text;
    this.ids = this.#isGiven ? ids : start;
    this.states = states;
    this.read = read;
  }

  /** Returns a function that takes the ids of a continuation in order, and gives the text that each id adds. */
  writer(): (id: number) => string {
    const { text, ids } = this, vocabulary = this.#vocabulary;
    const write = vocabulary.writer(this.#isGiven || vocabulary.kind === "spaced" ? ids : []);
    let isWritten = this.#isGiven && typeof text === "string" && text.endsWith(" ") &&
      !withoutSpaces(vocabulary, text).endsWith(" ");
    return (id) => {
      const text = write(id);
      if (!isWritten || !text) return text;
      isWritten = false;
      return text.startsWith(" ") ? text.slice(1) : text;
    };
  }

  /** The same prompt, of which so much has been read. */
  readTo(reading: Pick<Prompt, "states" | "read">): Prompt {
    return new Prompt(this.#vocabulary, this.text, this.ids, reading);
  }

  /**
   * The prompt itself.
   *
   * @throws {OptionError} When the prompt is of another model.
   */
  requireOf(vocabulary: Vocabulary): this {
    if (this.#vocabulary === vocabulary) return this;
    throw new OptionError('Cannot go on: "prompt" was read by a model with another vocabulary');
  }
}

/** A prompt of `GenerateOptions`. */
export type GivenPrompt = string | readonly string[] | Prompt;

/** The prompt that is given, which may be read already; without one, what a text begins with. */
export function promptOf(vocabulary: Vocabulary, given?: GivenPrompt): Prompt {
  return given instanceof Prompt ? given.requireOf(vocabulary) : new Prompt(vocabulary, given, startOf(vocabulary));
}

/**
 * A prompt with more text behind it, of which as much is read as is the same.
 *
 * @throws {OptionError} When one of the two is a text and the other one a list of tokens.
 */
export function extendedPrompt(vocabulary: Vocabulary, before: Prompt, more: string | readonly string[]): Prompt {
  const { text } = before, isText = typeof more === "string";
  if (text.length && isText !== (typeof text === "string")) {
    throw new OptionError('"text" must be a text behind a text, and a list of tokens behind a list of tokens');
  }
  const whole = isText ? text + more : [...text, ...more], start = startOf(vocabulary);
  const all = new Prompt(vocabulary, whole, start);
  const isSame = before.ids.subarray(0, before.read).every((id, i) => id === all.ids[i]);
  return isSame && before.read < all.ids.length ? new Prompt(vocabulary, whole, start, before) : all;
}

/** What a text without a prompt begins with. */
function startOf(vocabulary: Vocabulary): Int32Array<ArrayBuffer> {
  return Int32Array.of(vocabulary.id("<bos>") ?? vocabulary.id("\n") ?? 0);
}

/** The prompt without the spaces at its end; words of the rules in use have none before them either. */
function withoutSpaces({ kind }: Vocabulary, prompt: string): string {
  if (kind === "characters") return prompt;
  return prompt.replace(kind === "words2" ? /^ +| +$/g : / +$/, "");
}
