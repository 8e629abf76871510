import { CELL_TITLES, type CellName } from "./cells.ts";
import { counted, element, input, integer } from "./element.ts";
import type { NetFacts, NetOptions, TrainOptions } from "./trainer.ts";

/** Threads that are offered, at most. */
const MOST_THREADS = 8;

/** What the net is made of, and how it is trained, as the page's controls have it. */
export class NetChoice {
  readonly #threads = element("threads", HTMLSelectElement);
  readonly #rate = input("rate");

  /** `onRate` hears of another learning rate, `onTraining` of another batch or window. */
  constructor({ onRate, onTraining }: { onRate: (rate: number) => void; onTraining: () => void }) {
    const cores = navigator.hardwareConcurrency || 1, most = crossOriginIsolated ? Math.min(cores, MOST_THREADS) : 1;
    for (let count = 1; count <= most; count++) this.#threads.add(new Option(String(count)));
    this.#threads.value = String(Math.min(most, 4));
    element("engine", HTMLElement).textContent = !crossOriginIsolated
      ? "One thread: this page is not cross-origin isolated, which several would need."
      : most > 1
      ? `Up to ${most} threads: this page is cross-origin isolated.`
      : "One thread: this device has one core.";
    const rate = () => {
      element("rate-value", HTMLElement).textContent = String(this.rate);
      onRate(this.rate);
    };
    this.#rate.oninput = rate;
    rate();
    for (const id of ["batch", "unroll"]) input(id).onchange = onTraining;
  }

  /** Two digits of it. */
  get rate(): number {
    return Number((10 ** Number(this.#rate.value)).toPrecision(2));
  }

  net(): NetOptions {
    const layers = integer("layers"), width = integer("width");
    const cell = element("setup", HTMLFormElement).querySelector<HTMLInputElement>("[name=cell]:checked")!.value;
    return { cell: cell as CellName, hidden: Array(layers).fill(width), threads: this.threads };
  }

  get threads(): number {
    return Number(this.#threads.value);
  }

  training(): TrainOptions {
    return { batch: integer("batch"), unroll: integer("unroll"), learningRate: this.rate };
  }

  /** Show what the net is that there is, and lock what cannot be changed of it; or unlock it. */
  show(net?: NetFacts): void {
    const facts = element("net-facts", HTMLElement),
      { hidden = [], cell = "", parameters = 0, characters = 0 } = net ?? {};
    element("net", HTMLFieldSetElement).disabled = net !== undefined;
    facts.textContent = net
      ? `${CELL_TITLES[cell as CellName] ?? cell} of ${hidden.join(" + ")} units, ${counted(parameters)} parameters; ` +
        `it knows ${counted(characters)} characters. Reset to change it.`
      : "Tokens are single characters; the optimizer is Adam, the gradient clipped to a norm of 5.";
    if (!net) return;
    const radio = document.querySelector<HTMLInputElement>(`[name=cell][value="${cell}"]`);
    if (radio) radio.checked = true;
    input("layers").value = String(hidden.length);
    input("width").value = String(hidden[0]);
  }
}
