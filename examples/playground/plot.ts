import uPlot, { type AlignedData, type Options, type Series } from "uplot";
import { onThemeChange, styled } from "./ramp.ts";

/** What a plot shows. */
export interface PlotOptions {
  readonly height: number;
  readonly x: string;
  readonly y: string;
  /** The colour's name in the style, and the dashes, of each line. */
  readonly lines: readonly { readonly name: string; readonly color: string; readonly dash?: number[] }[];
  /** Limits of y where it is the exponent of ten; where there are none, y is what it is. */
  readonly exponents?: readonly [number, number];
}

/** Lines over a common x, as wide as its place is, in the colours of the page. It is drawn once a frame at most. */
export class Plot {
  readonly #plot: uPlot;
  #data: AlignedData;
  #due = 0;

  constructor(place: HTMLElement, { height, x, y, lines, exponents }: PlotOptions) {
    this.#data = [[], ...lines.map(() => [])];
    const axis = (label: string, size?: number): uPlot.Axis => ({
      label,
      labelSize: 20,
      size,
      labelFont: "13px system-ui, sans-serif",
      font: "12px system-ui, sans-serif",
      stroke: () => styled("--soft"),
      grid: { stroke: () => styled("--line"), width: 1 },
      ticks: { show: false },
    });
    const options: Options = {
      width: place.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false },
        y: exponents ? { range: [...exponents] } : {},
      },
      axes: [
        { ...axis(x, 34), values: (_, splits) => splits.map((value) => Number.isInteger(value) ? brief(value) : "") },
        exponents ? { ...axis(y, 46), values: (_, splits) => splits.map(tenTo) } : axis(y, 46),
      ],
      series: [
        {},
        ...lines.map(({ name, color, dash }): Series => ({
          label: name,
          stroke: () => styled(color),
          width: 2,
          dash,
          spanGaps: true,
          points: { show: false },
        })),
      ],
    };
    this.#plot = new uPlot(options, this.#data, place);
    new ResizeObserver(() => {
      if (place.clientWidth > 0) this.#plot.setSize({ width: place.clientWidth, height });
    }).observe(place);
    onThemeChange(() => this.#plot.redraw(true));
  }

  /** Show other numbers. */
  show(data: AlignedData): void {
    this.#data = data;
    this.#due ||= requestAnimationFrame(() => {
      this.#due = 0;
      this.#plot.setData(this.#data);
    });
  }
}

/** 1500 as 1.5k. */
function brief(value: number): string {
  return Math.abs(value) >= 1000 ? `${value / 1000}k` : String(value);
}

/** 10⁻⁶ */
export function tenTo(exponent: number): string {
  return exponent === 0 ? "1" : `10${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join("")}`;
}

const SUPERSCRIPTS: Record<string, string> = {
  ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((character, digit) => [digit, character])),
  "-": "⁻",
};
