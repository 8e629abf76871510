import type { LanguageModel } from "@unroll/rnn";
import { columns, isTerminal, print } from "../frame/terminal.ts";
import type { Options } from "./options.ts";

/** The options of `generate`, except the length. */
type Style = Pick<Options, "prompt" | "temperature" | "seed">;

/** Writes text to standard output as it is generated: broken between words on a terminal, unchanged elsewhere. */
export async function write(
  model: LanguageModel,
  { prompt, temperature, seed }: Style,
  length: number,
  signal?: AbortSignal,
): Promise<void> {
  const output = isTerminal ? new WordWrap(columns() - 1, print) : { write: print, end: () => print("\n") };
  output.write(prompt);
  for await (const piece of model.generate({ prompt, length, temperature, seed })) {
    if (signal?.aborted) break;
    output.write(piece);
  }
  output.end();
}

/** Generates the text that follows the prompt. */
export async function generate(
  model: LanguageModel,
  { prompt, temperature, seed }: Style,
  length: number,
): Promise<string> {
  return (await Array.fromAsync(model.generate({ prompt, length, temperature, seed }))).join("");
}

/** Width of an excerpt. */
const WIDTH = 76;

/** Two indented lines of new text. */
export async function excerpt(model: LanguageModel, style: Style): Promise<string> {
  // Only the end of a long prompt, to leave room for the new text.
  const text = style.prompt.slice(-40) + await generate(model, style, 2 * WIDTH);
  let lines = "";
  const wrap = new WordWrap(WIDTH, (part) => lines += part);
  wrap.write(text.replaceAll(/\s+/g, " ").trimStart());
  wrap.end();
  return lines.split("\n").slice(0, 2).map((line) => `  ${line}\n`).join("");
}

/** Breaks a text that arrives in pieces into lines, between words. Empty lines before the first word are left out. */
export class WordWrap {
  readonly #width: number;
  readonly #print: (text: string) => void;
  /** Matches a line end, or spaces and a word whose end is known: a longer word is cut at the width. */
  readonly #next: RegExp;
  #rest = "";
  #column = 0;
  #begun = false;

  /** Prints words, with the spaces before them, as lines of at most `width` characters. */
  constructor(width: number, print: (text: string) => void) {
    this.#width = width;
    this.#print = print;
    this.#next = new RegExp(`^( *)(?:\n|([^ \n]{${width}}|[^ \n]+(?=[ \n])))`, "u");
  }

  write(piece: string): void {
    this.#rest += printable(piece);
    for (let match; (match = this.#next.exec(this.#rest));) {
      const [all, gap, word] = match;
      this.#rest = this.#rest.slice(all.length);
      if (word) this.#printWord(gap, word);
      else this.#breakLine();
    }
  }

  /** Prints the last word and ends the line. */
  end(): void {
    this.write("\n");
  }

  #printWord(gap: string, word: string): void {
    if (this.#column > 0 && this.#column + gap.length + word.length > this.#width) {
      this.#breakLine();
      gap = "";
    }
    this.#print(gap + word);
    this.#begun = true;
    this.#column += gap.length + word.length;
  }

  #breakLine(): void {
    if (this.#begun) this.#print("\n");
    this.#column = 0;
  }
}

/** Removes the characters that move the cursor or change colors. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll("\t", "    ").replace(/[\0-\x09\x0b-\x1f\x7f-\x9f]/g, "");
}
