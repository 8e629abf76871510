import type { LanguageModel } from "@unroll/rnn";
import type { Options } from "./options.ts";
import { Page } from "./page.ts";
import { columns, isTerminal, print } from "./terminal.ts";

/** What `generate` is told, but for the length. */
type Style = Pick<Options, "prompt" | "temperature" | "seed">;

/** Write text to standard output as it comes: broken between words on a terminal, elsewhere just as it is. */
export async function write(
  model: LanguageModel,
  { prompt, temperature, seed }: Style,
  length: number,
  signal?: AbortSignal,
): Promise<void> {
  const page = isTerminal ? new Page(columns() - 1, print) : { put: print, end: () => print("\n") };
  page.put(prompt);
  for await (const piece of model.generate({ prompt, length, temperature, seed })) {
    if (signal?.aborted) break;
    page.put(piece);
  }
  page.end();
}

/** Width of an excerpt. */
const WIDTH = 76;

/** A foretaste: two indented lines. */
export async function excerpt(model: LanguageModel, { prompt, temperature, seed }: Style): Promise<string> {
  // Of a long prompt only the end, so that there is room for what follows it.
  let text = prompt.slice(-40), lines = "";
  const length = 2 * WIDTH;
  for await (const piece of model.generate({ prompt, length, temperature, seed })) text += piece;
  const page = new Page(WIDTH, (part) => lines += part);
  page.put(text.replaceAll(/\s+/g, " ").trimStart());
  page.end();
  return lines.split("\n").slice(0, 2).map((line) => `  ${line}\n`).join("");
}
