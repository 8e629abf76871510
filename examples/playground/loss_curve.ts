import uPlot from "uplot";
import { Plot } from "./plot.ts";

/** Points of a curve, at most; more steps than that share them. */
const MOST = 400;

/** The losses of some steps in a row. */
interface Bin {
  sum: number;
  count: number;
}

/** The loss over the steps of a training, and that of what is held out. Steps are averaged when they become many. */
export class LossCurve {
  readonly #plot: Plot;
  #from = 0;
  #span = 1;
  #bins: Bin[] = [];
  #validation: [number, number][] = [];

  constructor(place: HTMLElement) {
    this.#plot = new Plot(place, {
      height: 240,
      x: "steps",
      y: "bits a character",
      lines: [
        { name: "training", color: "--c0" },
        { name: "held out", color: "--c2", dash: [5, 4] },
      ],
    });
  }

  /** Losses of steps in a row. */
  add(from: number, losses: readonly number[]): void {
    if (!this.#bins.length) this.#from = from;
    losses.forEach((loss, i) => {
      const index = Math.floor((from + i - this.#from) / this.#span), bin = this.#bins[index] ??= { sum: 0, count: 0 };
      bin.sum += loss;
      bin.count++;
      if (index === MOST) this.#halve();
    });
    this.#show();
  }

  addValidation(step: number, loss: number): void {
    this.#validation.push([step, loss]);
    this.#show();
  }

  clear(): void {
    this.#bins = [];
    this.#validation = [];
    this.#span = 1;
    this.#show();
  }

  #halve(): void {
    this.#span *= 2;
    const pairs: Bin[] = [];
    this.#bins.forEach(({ sum, count }, i) => {
      const pair = pairs[i >> 1] ??= { sum: 0, count: 0 };
      pair.sum += sum;
      pair.count += count;
    });
    this.#bins = pairs;
  }

  #show(): void {
    const training: uPlot.AlignedData = [
      this.#bins.map((_, i) => this.#from + (i + 0.5) * this.#span - 0.5),
      this.#bins.map(({ sum, count }) => sum / count),
    ];
    const held: uPlot.AlignedData = [
      this.#validation.map(([step]) => step),
      this.#validation.map(([, loss]) => loss),
    ];
    this.#plot.show(uPlot.join([training, held]));
  }
}
