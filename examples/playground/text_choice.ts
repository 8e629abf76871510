import { button, element, formatInteger, input, setText, showError } from "./element.ts";
import { brackets, sums, tongueTwister } from "./synthetic.ts";

/** Bytes of a text file, at most. */
const MAXIMUM_BYTES = 5_000_000;
const SYNTHETIC: Record<string, () => string> = { tongueTwister, sums, brackets };
/** A prompt for each text. */
const PROMPTS: Record<string, string> = {
  "moby_dick.txt": "The whale",
  "first_names.txt": "Mar",
  tongueTwister: "she",
  sums: "12+",
  brackets: "a (",
};

/** The text to learn from: one of the page, a file, or a text that the reader types. */
export class TextChoice {
  readonly #area = element("text", HTMLTextAreaElement);
  readonly #source = element("source", HTMLSelectElement);
  readonly #onChange: () => void;
  /** Number of the current request. A late answer to an earlier request is ignored. */
  #request = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#source.onchange = () => void this.#choose();
    button("open").onclick = () => input("text-file").click();
    input("text-file").onchange = () => void this.#open();
    this.#area.oninput = () => this.#onInput();
  }

  get text(): string {
    return this.#area.value;
  }

  /** Fetches the text that is selected when the page opens. */
  async load(): Promise<void> {
    await this.#choose();
  }

  async #choose(): Promise<void> {
    const { value } = this.#source;
    const request = ++this.#request;
    if (value === "own") return this.#area.focus();
    showError("error");
    try {
      const text = SYNTHETIC[value]?.() ?? await fetchText(value);
      if (request === this.#request) this.#show(text, PROMPTS[value]);
    } catch (error) {
      showError("error", error);
    }
  }

  async #open(): Promise<void> {
    const [file] = input("text-file").files ?? [];
    const request = ++this.#request;
    if (!file) return;
    showError("error");
    try {
      if (file.size > MAXIMUM_BYTES) {
        throw new Error(`${file.name} is too large: the limit is ${formatInteger(MAXIMUM_BYTES)} bytes.`);
      }
      const bytes = await file.arrayBuffer();
      if (request === this.#request) this.#show(decodeText(file.name, bytes));
      this.#source.value = "own";
    } catch (error) {
      showError("error", error);
    }
  }

  #onInput(): void {
    this.#request++;
    this.#source.value = "own";
    this.#onTextChange();
  }

  #show(text: string, prompt?: string): void {
    this.#area.value = text;
    this.#area.scrollTop = 0;
    if (prompt !== undefined) input("prompt").value = prompt;
    this.#onTextChange();
  }

  #onTextChange(): void {
    const { text } = this;
    const distinct = formatInteger(new Set(text).size);
    setText(
      "text-facts",
      text ? `${formatInteger(text.length)} characters, ${distinct} of them distinct.` : "No text yet.",
    );
    this.#onChange();
  }
}

async function fetchText(name: string): Promise<string> {
  const response = await fetch(name).catch(() => undefined);
  if (response?.ok) return await response.text();
  throw new Error(`${name} cannot be fetched; choose another text.`);
}

function decodeText(name: string, bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch {
    throw new Error(`${name} is not a text in UTF-8.`);
  }
}
