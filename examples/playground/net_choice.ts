import { CELL_TITLES, type CellName } from "./cells.ts";
import { NOTES_GRU, parseCell } from "./equations.ts";
import { element, formatInteger, input, number, setNumber, setText } from "./element.ts";
import type { NetFacts, NetOptions, TrainOptions } from "./trainer.ts";

/** Choices of the number of threads, at most. */
const MAXIMUM_THREADS = 8;

/** The page's controls of the net and the training. */
export class NetChoice {
  readonly #threads = element("threads", HTMLSelectElement);
  readonly #rate = input("rate");
  readonly #equations = element("equations", HTMLTextAreaElement);

  /** `onRate` gets each learning rate; `onTraining` is called when batch or unrolled steps change. */
  constructor({ onRate, onTraining }: { onRate: (rate: number) => void; onTraining: () => void }) {
    const cores = navigator.hardwareConcurrency || 1;
    const canShare = typeof SharedArrayBuffer !== "undefined"; // not in WebKitGTK 2.50, in an isolated page
    const maximum = crossOriginIsolated && canShare ? Math.min(cores, MAXIMUM_THREADS) : 1;
    for (let count = 1; count <= maximum; count++) this.#threads.add(new Option(String(count)));
    this.#threads.value = String(Math.min(maximum, 4));
    const threads = !crossOriginIsolated
      ? "One thread: this page is not cross-origin isolated, as several threads require."
      : !canShare
      ? "One thread: this browser cannot share memory among several."
      : maximum > 1
      ? `Up to ${maximum} threads: this page is cross-origin isolated.`
      : "One thread: this device has one core.";
    setText("engine", threads);
    const showRate = () => {
      setText("rate-value", String(this.rate));
      onRate(this.rate);
    };
    this.#rate.oninput = showRate;
    showRate();
    this.#equations.value = NOTES_GRU;
    this.#equations.oninput = () => this.#derive();
    for (const radio of document.querySelectorAll<HTMLInputElement>("[name=cell]")) {
      radio.addEventListener("change", () => {
        element("own-cell", HTMLElement).hidden = radio.value !== "equations";
      });
    }
    this.#derive();
    for (const id of ["batch", "unroll"]) input(id).onchange = onTraining;
  }

  /** Shows the cell of the equations with its derived backward pass, or what is wrong with them. */
  #derive(): void {
    const error = element("equations-error", HTMLElement);
    try {
      setText("derived", String(parseCell(this.#equations.value)));
      error.hidden = true;
    } catch (wrong) {
      setText("derived", "");
      error.textContent = (wrong as Error).message;
      error.hidden = false;
    }
  }

  /** The learning rate, rounded to two digits. The slider is its logarithm to base 10. */
  get rate(): number {
    return Number((10 ** Number(this.#rate.value)).toPrecision(2));
  }

  net(): NetOptions {
    const layers = number("layers");
    const width = number("width");
    const cell = element("setup", HTMLFormElement).querySelector<HTMLInputElement>("[name=cell]:checked")!.value;
    const equations = this.#equations.value;
    return { cell: cell as NetOptions["cell"], equations, hidden: Array(layers).fill(width), threads: this.threads };
  }

  get threads(): number {
    return Number(this.#threads.value);
  }

  training(): TrainOptions {
    return { batch: number("batch"), unroll: number("unroll"), learningRate: this.rate };
  }

  /** Shows the net and locks the controls of its sizes. Without a net the controls are unlocked. */
  show(net?: NetFacts): void {
    element("net", HTMLFieldSetElement).disabled = net !== undefined;
    if (!net) {
      setText("net-facts", "Tokens are single characters. The optimizer is Adam; gradients are clipped to norm 5.");
      return;
    }
    const { cell, hidden } = net;
    const title = CELL_TITLES[cell as CellName] ?? cell;
    const parameters = formatInteger(net.parameters);
    const characters = formatInteger(net.characters);
    setText(
      "net-facts",
      `${title} of ${hidden.join(" + ")} units, ${parameters} parameters; it knows ${characters} characters. ` +
        "Reset to change it.",
    );
    const radio = document.querySelector<HTMLInputElement>(`[name=cell][value="${cell}"]`);
    if (radio) radio.checked = true;
    setNumber("layers", hidden.length);
    setNumber("width", hidden[0]);
  }
}
