import type { Vocabulary } from "../text/vocabulary.ts";

/** A prompt as a model reads it. */
export interface Prompt {
  /** The ids to read: none without a prompt. */
  readonly ids: Int32Array;
  /** Returns a function that takes the ids of a continuation in order, and gives the text that each id adds. */
  writer(): (id: number) => string;
}

/**
 * Read a prompt. A space at its end belongs to the next word, except in models of characters: the model does not read
 * the space, and the continuation does not repeat it.
 *
 * @param start The ids to read without a prompt.
 */
export function readPrompt(
  vocabulary: Vocabulary,
  prompt: string | readonly string[] = "",
  start = new Int32Array(0),
): Prompt {
  const text = typeof prompt === "string" ? withoutSpaces(vocabulary, prompt) : prompt;
  const given = vocabulary.encode(text);
  const ids = given.length ? given : start;
  const hasSpace = given.length > 0 && typeof prompt === "string" && prompt.endsWith(" ") &&
    !text.at(-1)!.endsWith(" ");
  return {
    ids,
    writer() {
      const write = vocabulary.writer(given.length || vocabulary.kind === "spaced" ? ids : []);
      let isWritten = hasSpace;
      return (id) => {
        const text = write(id);
        if (!isWritten || !text) return text;
        isWritten = false;
        return text.startsWith(" ") ? text.slice(1) : text;
      };
    },
  };
}

/** A prompt without the spaces at its end; words of the rules in use have none before them either. */
function withoutSpaces({ kind }: Vocabulary, prompt: string): string {
  if (kind === "characters") return prompt;
  return prompt.replace(kind === "words2" ? /^ +| +$/g : / +$/, "");
}
