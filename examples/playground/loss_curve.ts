import uPlot from "uplot";
import { Plot } from "./plot.ts";

/** Points of the curve, at most. */
const POINTS = 400;

/** The losses of consecutive steps, which share a point. */
interface Bin {
  sum: number;
  count: number;
}

/** The training loss and the validation loss over the steps. A point is a mean over more and more steps. */
export class LossCurve {
  readonly #plot: Plot;
  /** The first step. */
  #from = 0;
  /** Steps of a bin. */
  #span = 1;
  #bins: Bin[] = [];
  #validation: [number, number][] = [];

  constructor(container: HTMLElement) {
    this.#plot = new Plot(container, {
      height: 240,
      x: "steps",
      y: "bits a character",
      lines: [
        { name: "training", color: "--c0" },
        { name: "held out", color: "--c2", dash: [5, 4] },
      ],
    });
  }

  /** Adds the losses of consecutive steps, the first of which is number `from`. */
  add(from: number, losses: readonly number[]): void {
    if (!this.#bins.length) this.#from = from;
    losses.forEach((loss, i) => {
      const index = Math.floor((from + i - this.#from) / this.#span);
      const bin = this.#bins[index] ??= { sum: 0, count: 0 };
      bin.sum += loss;
      bin.count++;
      if (index === POINTS) this.#halve();
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

  /** Merges pairs of bins. */
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
    const validation: uPlot.AlignedData = [
      this.#validation.map(([step]) => step),
      this.#validation.map(([, loss]) => loss),
    ];
    this.#plot.show(uPlot.join([training, validation]));
  }
}
