import { complain, counted, element, input } from "./element.ts";
import { brackets, sums, tongueTwister } from "./synthetic.ts";

/** The largest file that is opened, in bytes. */
const LARGEST = 5_000_000;
const MADE: Record<string, () => string> = { tongueTwister, sums, brackets };
/** What writing may begin with, so that it suits the text. */
const PROMPTS: Record<string, string> = {
  "moby_dick.txt": "The whale",
  "first_names.txt": "Mar",
  tongueTwister: "she",
  sums: "12+",
  brackets: "a (",
};

/** The text to learn from: one of those that are there, a file, or what is typed. */
export class TextChoice {
  readonly #area = element("text", HTMLTextAreaElement);
  readonly #source = element("source", HTMLSelectElement);
  readonly #onChange: () => void;
  #asked = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#source.onchange = () => void this.#choose();
    input("text-file").onchange = () => void this.#open();
    this.#area.oninput = () => this.#own();
  }

  get text(): string {
    return this.#area.value;
  }

  /** Fetch the text that is chosen when the page opens. */
  async begin(): Promise<void> {
    await this.#choose();
  }

  async #choose(): Promise<void> {
    const { value } = this.#source, asked = ++this.#asked;
    if (value === "own") return this.#area.focus();
    complain("error");
    try {
      const text = MADE[value]?.() ?? await fetched(value);
      if (asked === this.#asked) this.#show(text, PROMPTS[value]);
    } catch (error) {
      complain("error", error);
    }
  }

  async #open(): Promise<void> {
    const [file] = input("text-file").files ?? [], asked = ++this.#asked;
    if (!file) return;
    complain("error");
    try {
      if (file.size > LARGEST) {
        throw new Error(`${file.name} is too large: texts of up to ${counted(LARGEST)} bytes are opened.`);
      }
      const bytes = await file.arrayBuffer();
      if (asked === this.#asked) this.#show(decoded(file.name, bytes));
      this.#source.value = "own";
    } catch (error) {
      complain("error", error);
    }
  }

  #own(): void {
    this.#asked++;
    this.#source.value = "own";
    this.#changed();
  }

  #show(text: string, prompt?: string): void {
    this.#area.value = text;
    this.#area.scrollTop = 0;
    if (prompt !== undefined) input("prompt").value = prompt;
    this.#changed();
  }

  #changed(): void {
    const { text } = this, distinct = new Set(text).size;
    element("text-facts", HTMLElement).textContent = text
      ? `${counted(text.length)} characters, ${counted(distinct)} of them distinct.`
      : "Nothing yet.";
    this.#onChange();
  }
}

async function fetched(name: string): Promise<string> {
  const response = await fetch(name).catch(() => undefined);
  if (response?.ok) return await response.text();
  throw new Error(`${name} could not be fetched; choose another text.`);
}

function decoded(name: string, bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch {
    throw new Error(`${name} is not a text in UTF-8.`);
  }
}
