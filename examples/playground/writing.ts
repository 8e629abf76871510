import { proxy } from "comlink";
import { button, element, input, number, setText, showError } from "./element.ts";
import type { Trainer } from "./trainer.ts";
import { Terminated, type WorkerClient } from "./worker_client.ts";

/** The part of the page where the net continues a prompt. */
export class Writing {
  readonly #client: WorkerClient<Trainer>;
  readonly #button = button("write-button");
  readonly #temperature = input("temperature");
  readonly #output = element("written", HTMLElement);
  #writing = false;

  constructor(client: WorkerClient<Trainer>) {
    this.#client = client;
    const showTemperature = () => setText("temperature-value", this.#temperature.value);
    this.#temperature.oninput = showTemperature;
    showTemperature();
    element("write", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      void (this.#writing ? this.#client.call((trainer) => trainer.stopWriting()) : this.#write());
    };
  }

  /** Whether there is a net to write. */
  set enabled(enabled: boolean) {
    this.#button.disabled = !enabled;
  }

  async #write(): Promise<void> {
    showError("writing-error");
    try {
      const prompt = input("prompt").value;
      const temperature = Number(this.#temperature.value);
      const options = { prompt, temperature, length: number("length"), seed: number("seed") };
      this.#setWriting(true);
      const start = document.createElement("span");
      const text = document.createTextNode("");
      start.className = "prompt";
      start.textContent = prompt;
      this.#output.replaceChildren(start, text);
      await this.#client.call((trainer) => trainer.write(options, proxy((piece) => this.#append(text, piece))));
    } catch (error) {
      if (!(error instanceof Terminated)) showError("writing-error", error);
    } finally {
      this.#setWriting(false);
    }
  }

  /** Scrolls with the text, unless the reader has scrolled up. */
  #append(text: Text, piece: string): void {
    const output = this.#output;
    const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
    text.data += piece;
    if (atEnd) output.scrollTop = output.scrollHeight;
  }

  #setWriting(writing: boolean): void {
    this.#writing = writing;
    this.#button.textContent = writing ? "Stop" : "Write";
  }
}
