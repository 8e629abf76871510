import { proxy } from "comlink";
import { button, complain, element, input, integer } from "./element.ts";
import { HungUp, type Line } from "./line.ts";
import type { Trainer } from "./trainer.ts";

/** The part of the page where the net writes on from a prompt. */
export class Writing {
  readonly #line: Line<Trainer>;
  readonly #button = button("write-button");
  readonly #temperature = input("temperature");
  readonly #page = element("written", HTMLElement);
  #writing = false;

  constructor(line: Line<Trainer>) {
    this.#line = line;
    const show = () => element("temperature-value", HTMLElement).textContent = this.#temperature.value;
    this.#temperature.oninput = show;
    show();
    element("write", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      void (this.#writing ? this.#line.ask((trainer) => trainer.stopWriting()) : this.#write());
    };
  }

  /** Whether there is a net that can write. */
  set ready(ready: boolean) {
    this.#button.disabled = !ready;
  }

  async #write(): Promise<void> {
    complain("writing-error");
    try {
      const prompt = input("prompt").value, temperature = Number(this.#temperature.value);
      const options = { prompt, temperature, length: integer("length"), seed: integer("seed") };
      this.#become(true);
      const given = document.createElement("span"), text = document.createTextNode("");
      given.className = "prompt";
      given.textContent = prompt;
      this.#page.replaceChildren(given, text);
      await this.#line.ask((trainer) => trainer.write(options, proxy((piece) => this.#add(text, piece))));
    } catch (error) {
      if (!(error instanceof HungUp)) complain("writing-error", error);
    } finally {
      this.#become(false);
    }
  }

  /** The latest line stays in sight, unless the reader looks at an earlier one. */
  #add(text: Text, piece: string): void {
    const page = this.#page, atEnd = page.scrollHeight - page.scrollTop - page.clientHeight < 40;
    text.data += piece;
    if (atEnd) page.scrollTop = page.scrollHeight;
  }

  #become(writing: boolean): void {
    this.#writing = writing;
    this.#button.textContent = writing ? "Stop" : "Write";
  }
}
