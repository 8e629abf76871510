import { complain, element, input } from "./element.ts";
import { HungUp, type Line } from "./line.ts";
import { mixed, onThemeChange, paint, parsed, styled } from "./ramp.ts";
import type { NetFacts, Trainer } from "./trainer.ts";

/** Characters that the net reads when nothing else is asked for. */
const READ = 240;
/** How much of a colour the greatest activation has, so that the text on it can be read. */
const STRONGEST = 85;

/** The part of the page where the characters of a text have the colours of a hidden unit's activations. */
export class Thinking {
  readonly #line: Line<Trainer>;
  readonly #read = element("read", HTMLTextAreaElement);
  readonly #state = element("state", HTMLSelectElement);
  readonly #unit = input("unit");
  readonly #canvas = element("units", HTMLCanvasElement);
  readonly #marker = element("marker", HTMLElement);
  /** What was read, and its states, `[T, H]` by name. */
  #characters: string[] = [];
  #states = new Map<string, Float32Array>();
  #net: NetFacts | undefined;
  #asking = false;
  #again = false;
  /** Whether the reader has chosen a unit. */
  #chosen = false;
  #seen = false;

  constructor(line: Line<Trainer>) {
    this.#line = line;
    this.#read.oninput = () => void this.refresh();
    this.#state.onchange = () => (this.#chosen = false, this.#show());
    this.#unit.oninput = () => this.#choose(Number(this.#unit.value));
    const point = (event: PointerEvent) => {
      const { top, height } = this.#canvas.getBoundingClientRect(), H = this.#width;
      this.#choose(Math.min(H - 1, Math.max(0, Math.floor((event.clientY - top) / height * H))));
    };
    this.#canvas.onpointermove = point;
    this.#canvas.onpointerdown = point;
    onThemeChange(() => this.#show());
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#seen = isIntersecting;
      if (isIntersecting) void this.refresh();
    }).observe(element("thinking", HTMLElement));
  }

  /** There is another net, which was made from a text, or none. */
  meet(net: NetFacts | undefined, text: string): void {
    this.#net = net;
    this.#chosen = false;
    this.#states.clear();
    complain("thinking-error");
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

  /** The text to learn from is another one. */
  forget(): void {
    this.#read.value = "";
  }

  /** Let the net read the text again, if anyone can see it. */
  async refresh(): Promise<void> {
    if (!this.#net || !this.#seen) return;
    this.#again = this.#asking;
    if (this.#asking) return;
    const text = this.#read.value, net = this.#net;
    if (!text) return;
    this.#asking = true;
    try {
      const states = await this.#line.ask((trainer) => trainer.states(text));
      if (net !== this.#net) return;
      complain("thinking-error");
      this.#characters = [...text];
      this.#states = states as Map<string, Float32Array>;
      this.#show();
    } catch (error) {
      if (net === this.#net && !(error instanceof HungUp)) complain("thinking-error", error);
    } finally {
      this.#asking = false;
      if (this.#again) void this.refresh();
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
      this.#state.replaceChildren(...names.map((name) => new Option(titled(name), name)));
      this.#state.value = names.findLast((name) => name.includes(".h_"))!;
    }
    const H = this.#width, values = this.#values!;
    this.#unit.max = String(H - 1);
    if (!this.#chosen) this.#unit.value = String(liveliest(values, H));
    const place = element("coloured", HTMLElement);
    place.replaceChildren(...this.#characters.map((character) => {
      const span = document.createElement("span");
      span.textContent = character === "\n" ? "⏎\n" : character;
      return span;
    }));
    const most = this.#most(),
      [negative, zero, positive] = ["--negative", "--card", "--positive"].map((name) => parsed(styled(name)));
    paint(this.#canvas, H, this.#characters.length, (unit, t) => {
      const share = squashed(this.#state.value, values[t * H + unit]) / most;
      return mixed(zero, share < 0 ? negative : positive, Math.abs(share));
    });
    element("picture", HTMLElement).hidden = false;
    element("least", HTMLElement).textContent = `−${most.toFixed(2)}`;
    element("most", HTMLElement).textContent = `+${most.toFixed(2)}`;
    this.#color();
  }

  /** Color the characters by the chosen unit. */
  #color(): void {
    const H = this.#width, values = this.#values, unit = Number(this.#unit.value), most = this.#most();
    if (!values) return;
    element("unit-value", HTMLElement).textContent = `${unit + 1} of ${H}`;
    [...element("coloured", HTMLElement).children].forEach((span, t) => {
      const value = squashed(this.#state.value, values[t * H + unit]), share = Math.abs(value) / most;
      const color = `var(${value < 0 ? "--negative" : "--positive"})`;
      (span as HTMLElement).style.backgroundColor = `color-mix(in srgb, ${color} ${STRONGEST * share}%, transparent)`;
      (span as HTMLElement).title = value.toFixed(3);
    });
    this.#marker.style.top = `${100 * (unit + 0.5) / H}%`;
  }

  /** The greatest activation of the layer. */
  #most(): number {
    let most = 0;
    for (const value of this.#values ?? []) most = Math.max(most, Math.abs(squashed(this.#state.value, value)));
    return most || 1;
  }
}

/** The unit whose activation varies most. */
function liveliest(values: Float32Array, H: number): number {
  let best = 0, most = -1;
  for (let unit = 0; unit < H; unit++) {
    let sum = 0, squares = 0;
    for (let at = unit; at < values.length; at += H) {
      sum += values[at];
      squares += values[at] ** 2;
    }
    const variance = squares - sum ** 2 * H / values.length;
    if (variance > most) [best, most] = [unit, variance];
  }
  return best;
}

/** An LSTM's c has no limits; what goes out of it is its tanh. */
function squashed(state: string, value: number): number {
  return state.includes(".c_") ? Math.tanh(value) : value;
}

/** `rnn.h_l0` as a reader would say it. */
function titled(state: string): string {
  const [, kind, layer] = state.match(/\.(\w)_l(\d+)/)!;
  return `Layer ${Number(layer) + 1}, ${kind === "c" ? "tanh of the cell c" : "output h"}`;
}
