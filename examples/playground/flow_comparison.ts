import { proxy } from "comlink";
import { CELL_NAMES, CELL_TITLES, type CellName } from "./cells.ts";
import { button, complain, counted, element, input, integer } from "./element.ts";
import type { Comparison, Flow } from "./flow.ts";
import { HungUp, Line } from "./line.ts";
import { Plot, tenTo } from "./plot.ts";
import { inferno, paint } from "./ramp.ts";

/** Orders of magnitude that the colours tell apart. */
const ORDERS = 8;
/** Rows of a picture; when there are more measurements, every second is left out. */
const ROWS = 64;

/** One cell's picture: measurements from top to bottom, time steps from left to right. */
class FlowMap {
  readonly #canvas = document.createElement("canvas");
  readonly #caption = document.createElement("p");
  readonly #training = document.createElement("p");
  /** Norms relative to that of the last step. */
  #rows: Float32Array[] = [];
  #every = 1;
  #count = 0;

  constructor(place: HTMLElement, cell: CellName) {
    const article = document.createElement("article"),
      title = document.createElement("h3"),
      axis = document.createElement("p");
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
    place.append(article);
    this.clear();
  }

  add({ step, norms }: Flow): Float32Array {
    const last = norms.at(-1)!, T = norms.length, relative = norms.map((norm) => norm / last);
    if (this.#count++ % this.#every === 0) this.#rows.push(relative);
    if (this.#rows.length > ROWS) {
      this.#rows = this.#rows.filter((_, i) => i % 2 === 0);
      this.#every *= 2;
    }
    paint(this.#canvas, this.#rows.length, T, (row, t) => inferno(1 + Math.log10(this.#rows[row][t]) / ORDERS));
    this.#caption.textContent = `After ${counted(step)} steps, ${said(relative[0])} of it reaches the first.`;
    return relative;
  }

  clear(): void {
    this.#rows = [];
    this.#every = 1;
    this.#count = 0;
    this.#caption.textContent = "\u00a0";
    this.#canvas.width = this.#canvas.height = 1;
  }
}

/** The part of the page where the three cells' gradients are compared. */
export class FlowComparison {
  readonly #line = new Line<Comparison>("flow.js", (reason) => this.#end(reason));
  readonly #maps: Record<CellName, FlowMap>;
  readonly #plot: Plot;
  readonly #button = button("flow-button");
  readonly #profiles = new Map<CellName, Float32Array>();
  #running = false;

  constructor(text: () => string) {
    const place = element("maps", HTMLElement);
    this.#maps = Object.fromEntries(CELL_NAMES.map((cell) => [cell, new FlowMap(place, cell)])) as Record<
      CellName,
      FlowMap
    >;
    const lines = CELL_NAMES.map((cell, i) => ({ name: CELL_TITLES[cell], color: `--c${i}` }));
    this.#plot = new Plot(element("profiles", HTMLElement), {
      height: 220,
      x: "time step",
      y: "share of the last step’s",
      lines,
      exponents: [-ORDERS, 0.5],
    });
    element("profiles-key", HTMLElement).innerHTML = lines
      .map(({ name, color }) => `<span><i class="line" style="border-color: var(${color})"></i>${name}</span>`).join(
        "",
      );
    element("flow-least", HTMLElement).textContent = `${tenTo(-ORDERS)} or less`;
    this.#button.onclick = () => this.#running ? this.#end() : void this.#start(text());
  }

  async #start(text: string): Promise<void> {
    complain("flow-error");
    try {
      const forgetBias = Number(input("flow-bias").value);
      const options = { steps: integer("flow-steps"), hidden: integer("flow-width"), forgetBias };
      for (const map of Object.values(this.#maps)) map.clear();
      this.#profiles.clear();
      this.#become(true);
      await this.#line.ask((comparison) => comparison.start(text, options, proxy((flow) => this.#hear(flow))));
    } catch (error) {
      this.#end(error);
    }
  }

  #hear(flow: Flow): void {
    if (!this.#running) return;
    this.#profiles.set(flow.cell, this.#maps[flow.cell].add(flow));
    if (this.#profiles.size < CELL_NAMES.length) return;
    const steps = Array.from(flow.norms, (_, t) => t + 1);
    // A gradient that has become 0 has no power of ten.
    const shown = (profile: Float32Array) => Array.from(profile, (share) => share > 0 ? Math.log10(share) : null);
    this.#plot.show([steps, ...CELL_NAMES.map((cell) => shown(this.#profiles.get(cell)!))]);
  }

  #end(reason?: unknown): void {
    this.#line.hangUp(new HungUp());
    this.#become(false);
    if (reason !== undefined && !(reason instanceof HungUp)) complain("flow-error", reason);
  }

  #become(running: boolean): void {
    this.#running = running;
    this.#button.textContent = running ? "Stop" : "Compare the cells";
  }
}

/** 0.3 or 2·10⁻⁵ */
function said(share: number): string {
  if (!(share > 1e-20)) return "next to nothing";
  if (share >= 0.01) return share.toPrecision(2);
  const exponent = Math.floor(Math.log10(share));
  return `${(share / 10 ** exponent).toFixed(1)}·${tenTo(exponent)}`;
}
