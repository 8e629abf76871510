import { proxy } from "comlink";
import { CELL_NAMES, CELL_TITLES, type CellName } from "./cells.ts";
import { inferno, paint } from "./colors.ts";
import { button, element, formatInteger, number, setText, showError } from "./element.ts";
import type { Comparison, Flow } from "./flow.ts";
import { Plot, powerOfTen } from "./plot.ts";
import { Terminated, WorkerClient } from "./worker_client.ts";

/** Orders of magnitude that the colours distinguish. */
const ORDERS = 8;
/** Rows of a picture, at most. At the limit, every second measurement is dropped. */
const ROWS = 64;

/** A picture of one cell: measurements from top to bottom, time steps from left to right. */
class FlowMap {
  readonly #canvas = document.createElement("canvas");
  readonly #caption = document.createElement("p");
  readonly #training = document.createElement("p");
  /** Norms relative to the last step's norm. */
  #rows: Float32Array[] = [];
  /** Each `#interval`-th measurement becomes a row. */
  #interval = 1;
  #count = 0;

  constructor(container: HTMLElement, cell: CellName) {
    const article = document.createElement("article");
    const title = document.createElement("h3");
    const axis = document.createElement("p");
    title.textContent = CELL_TITLES[cell];
    axis.className = "axis";
    axis.innerHTML = "<span>first step</span><span>last step</span>";
    this.#training.className = "axis";
    this.#training.innerHTML = "<span>training ↓</span>";
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute(
      "aria-label",
      `Norm of the gradient by time step over the training, ${CELL_TITLES[cell]}`,
    );
    article.append(title, this.#training, this.#canvas, axis, this.#caption);
    container.append(article);
    this.clear();
  }

  /** Adds a measurement; returns the norms relative to the last step's norm. */
  add({ step, norms }: Flow): Float32Array {
    const T = norms.length;
    const relative = norms.map((norm) => norm / norms[T - 1]);
    if (this.#count++ % this.#interval === 0) this.#rows.push(relative);
    if (this.#rows.length > ROWS) {
      this.#rows = this.#rows.filter((_, i) => i % 2 === 0);
      this.#interval *= 2;
    }
    paint(this.#canvas, this.#rows.length, T, (row, t) => inferno(1 + Math.log10(this.#rows[row][t]) / ORDERS));
    const share = formatShare(relative[0]);
    this.#caption.textContent = `After ${formatInteger(step)} steps, ${share} of the gradient reaches the first step.`;
    return relative;
  }

  clear(): void {
    this.#rows = [];
    this.#interval = 1;
    this.#count = 0;
    this.#caption.textContent = "\u00a0";
    this.#canvas.width = this.#canvas.height = 1;
  }
}

/** The part of the page that compares the gradients of three cells. */
export class FlowComparison {
  readonly #client = new WorkerClient<Comparison>("flow.js", (reason) => this.#end(reason));
  readonly #maps: Record<CellName, FlowMap>;
  readonly #plot: Plot;
  readonly #button = button("flow-button");
  /** The last measurement of each cell. */
  readonly #profiles = new Map<CellName, Float32Array>();
  #running = false;

  constructor(text: () => string) {
    const container = element("maps", HTMLElement);
    const maps = CELL_NAMES.map((cell) => [cell, new FlowMap(container, cell)]);
    this.#maps = Object.fromEntries(maps) as Record<CellName, FlowMap>;
    const lines = CELL_NAMES.map((cell, i) => ({ name: CELL_TITLES[cell], color: `--c${i}` }));
    this.#plot = new Plot(element("profiles", HTMLElement), {
      height: 220,
      x: "time step",
      y: "share of the last step’s",
      lines,
      exponents: [-ORDERS, 0.5],
    });
    element("profiles-key", HTMLElement).innerHTML = lines
      .map(({ name, color }) => `<span><i class="line" style="border-color: var(${color})"></i>${name}</span>`)
      .join("");
    setText("flow-least", `${powerOfTen(-ORDERS)} or less`);
    this.#button.onclick = () => this.#running ? this.#end() : void this.#start(text());
  }

  async #start(text: string): Promise<void> {
    showError("flow-error");
    setText("flow-status", "");
    try {
      const forgetBias = number("flow-bias");
      const options = { steps: number("flow-steps"), hidden: number("flow-width"), forgetBias };
      for (const map of Object.values(this.#maps)) map.clear();
      this.#profiles.clear();
      this.#setRunning(true);
      const onFlow = proxy((flow: Flow) => this.#onFlow(flow));
      const steps = await this.#client.call((comparison) => comparison.start(text, options, onFlow));
      this.#end();
      setText("flow-status", `The comparison has ended after ${formatInteger(steps)} steps.`);
    } catch (error) {
      this.#end(error);
    }
  }

  #onFlow(flow: Flow): void {
    if (!this.#running) return;
    this.#profiles.set(flow.cell, this.#maps[flow.cell].add(flow));
    if (this.#profiles.size < CELL_NAMES.length) return;
    const steps = Array.from(flow.norms, (_, t) => t + 1);
    // The plot leaves out gradients of 0, which have no logarithm.
    const exponents = (profile: Float32Array) => Array.from(profile, (share) => share > 0 ? Math.log10(share) : null);
    this.#plot.show([steps, ...CELL_NAMES.map((cell) => exponents(this.#profiles.get(cell)!))]);
  }

  #end(reason?: unknown): void {
    this.#client.terminate();
    this.#setRunning(false);
    if (reason !== undefined && !(reason instanceof Terminated)) showError("flow-error", reason);
  }

  #setRunning(running: boolean): void {
    this.#running = running;
    this.#button.textContent = running ? "Stop" : "Compare the cells";
  }
}

/** Formats a share such as 0.3 or 2·10⁻⁵. */
function formatShare(share: number): string {
  if (!(share > 1e-20)) return "next to nothing";
  if (share >= 0.01) return share.toPrecision(2);
  const exponent = Math.floor(Math.log10(share));
  return `${(share / 10 ** exponent).toFixed(1)}·${powerOfTen(exponent)}`;
}
