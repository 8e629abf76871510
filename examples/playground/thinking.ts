import { mixColors, onThemeChange, paint, parseColor, styleColor } from "./colors.ts";
import { element, input, setText, showError } from "./element.ts";
import type { NetFacts, Trainer } from "./trainer.ts";
import { Terminated, type WorkerClient } from "./worker_client.ts";

/** Characters that the net reads by default. */
const READ = 240;
/** Percentage of the colour at the largest activation. A full colour would make the text hard to read. */
const MAXIMUM_COLOR = 85;

/** The part of the page that colours the characters of a text by the activations of a hidden unit. */
export class Thinking {
  readonly #client: WorkerClient<Trainer>;
  readonly #read = element("read", HTMLTextAreaElement);
  readonly #state = element("state", HTMLSelectElement);
  readonly #unit = input("unit");
  readonly #canvas = element("units", HTMLCanvasElement);
  readonly #marker = element("marker", HTMLElement);
  /** The text that the net has read. */
  #characters: string[] = [];
  /** States by name, `[T, H]`. */
  #states = new Map<string, Float32Array>();
  #net: NetFacts | undefined;
  /** Whether the worker computes states. */
  #pending = false;
  /** Whether the states that the worker computes are outdated already. */
  #outdated = false;
  /** Whether the reader has chosen a unit. */
  #chosen = false;
  #visible = false;

  constructor(client: WorkerClient<Trainer>) {
    this.#client = client;
    this.#read.oninput = () => void this.refresh();
    this.#state.onchange = () => {
      this.#chosen = false;
      this.#show();
    };
    this.#unit.oninput = () => this.#choose(Number(this.#unit.value));
    const point = (event: PointerEvent) => {
      const { top, height } = this.#canvas.getBoundingClientRect();
      const H = this.#width;
      this.#choose(Math.min(H - 1, Math.max(0, Math.floor((event.clientY - top) / height * H))));
    };
    this.#canvas.onpointermove = point;
    this.#canvas.onpointerdown = point;
    onThemeChange(() => this.#show());
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#visible = isIntersecting;
      if (isIntersecting) void this.refresh();
    }).observe(element("thinking", HTMLElement));
  }

  /** Sets another net, made from a text, or none. */
  setNet(net: NetFacts | undefined, text: string): void {
    this.#net = net;
    this.#chosen = false;
    this.#states.clear();
    showError("thinking-error");
    for (const control of [this.#state, this.#unit]) control.disabled = !net;
    if (net) {
      if (!this.#read.value) this.#read.value = [...text.slice(0, 2 * READ)].slice(0, READ).join("").trim();
      void this.refresh();
    } else {
      element("coloured", HTMLElement).innerHTML =
        '<span class="empty">The text appears here once there is a net.</span>';
      element("picture", HTMLElement).hidden = true;
    }
  }

  /** Clears the text to read, because there is another text to learn from. */
  clearText(): void {
    this.#read.value = "";
  }

  /** Computes the states again, if this part of the page is visible. */
  async refresh(): Promise<void> {
    if (!this.#net || !this.#visible) return;
    this.#outdated = this.#pending;
    if (this.#pending) return;
    const net = this.#net;
    const text = this.#read.value;
    if (!text) return;
    this.#pending = true;
    try {
      const states = await this.#client.call((trainer) => trainer.states(text));
      if (net !== this.#net) return;
      showError("thinking-error");
      this.#characters = [...text];
      this.#states = states as Map<string, Float32Array>;
      this.#show();
    } catch (error) {
      if (net === this.#net && !(error instanceof Terminated)) showError("thinking-error", error);
    } finally {
      this.#pending = false;
      if (this.#outdated) void this.refresh();
    }
  }

  get #values(): Float32Array | undefined {
    return this.#states.get(this.#state.value);
  }

  get #width(): number {
    return (this.#values?.length ?? 0) / this.#characters.length;
  }

  #choose(unit: number): void {
    this.#chosen = true;
    this.#unit.value = String(unit);
    this.#color();
  }

  #show(): void {
    if (!this.#states.size) return;
    const names = [...this.#states.keys()];
    if (names.join() !== [...this.#state.options].map(({ value }) => value).join()) {
      this.#state.replaceChildren(...names.map((name) => new Option(stateTitle(name), name)));
      this.#state.value = names.findLast((name) => name.includes(".h_"))!;
    }
    const H = this.#width;
    const values = this.#values!;
    this.#unit.max = String(H - 1);
    if (!this.#chosen) this.#unit.value = String(mostVariable(values, H));
    element("coloured", HTMLElement).replaceChildren(...this.#characters.map((character) => {
      const span = document.createElement("span");
      span.textContent = character === "\n" ? "⏎\n" : character;
      return span;
    }));
    const largest = this.#largest();
    const variables = ["--negative", "--card", "--positive"];
    const [negative, zero, positive] = variables.map((name) => parseColor(styleColor(name)));
    paint(this.#canvas, H, this.#characters.length, (unit, t) => {
      const share = activation(this.#state.value, values[t * H + unit]) / largest;
      return mixColors(zero, share < 0 ? negative : positive, Math.abs(share));
    });
    element("picture", HTMLElement).hidden = false;
    setText("least", `−${largest.toFixed(2)}`);
    setText("most", `+${largest.toFixed(2)}`);
    this.#color();
  }

  /** Colours the characters by the activations of the unit. */
  #color(): void {
    const values = this.#values;
    if (!values) return;
    const H = this.#width;
    const unit = Number(this.#unit.value);
    const largest = this.#largest();
    setText("unit-value", `${unit + 1} of ${H}`);
    const spans = element("coloured", HTMLElement).children as HTMLCollectionOf<HTMLElement>;
    [...spans].forEach((span, t) => {
      const value = activation(this.#state.value, values[t * H + unit]);
      const percent = MAXIMUM_COLOR * Math.abs(value) / largest;
      const color = `var(${value < 0 ? "--negative" : "--positive"})`;
      span.style.backgroundColor = `color-mix(in srgb, ${color} ${percent}%, transparent)`;
      span.title = value.toFixed(3);
    });
    this.#marker.style.top = `${100 * (unit + 0.5) / H}%`;
  }

  /** The largest absolute activation of the layer. */
  #largest(): number {
    let largest = 0;
    for (const value of this.#values ?? []) {
      largest = Math.max(largest, Math.abs(activation(this.#state.value, value)));
    }
    return largest || 1;
  }
}

/** The unit whose values have the largest variance. */
function mostVariable(values: Float32Array, H: number): number {
  let best = 0;
  let largest = -1;
  for (let unit = 0; unit < H; unit++) {
    let sum = 0;
    let squares = 0;
    for (let at = unit; at < values.length; at += H) {
      sum += values[at];
      squares += values[at] ** 2;
    }
    const variance = squares - sum ** 2 * H / values.length;
    if (variance > largest) [best, largest] = [unit, variance];
  }
  return best;
}

/** The value in [-1, 1] to show: an LSTM's c is unbounded, and its output has tanh(c). */
function activation(state: string, value: number): number {
  return state.includes(".c_") ? Math.tanh(value) : value;
}

/** `rnn.h_l0` as "Layer 1, output h". */
function stateTitle(state: string): string {
  const [, kind, layer] = state.match(/\.(\w)_l(\d+)/)!;
  return `Layer ${Number(layer) + 1}, ${kind === "c" ? "tanh of the cell c" : "output h"}`;
}
