import uPlot, { type AlignedData, type Options, type Series } from "uplot";
import { onThemeChange, styleColor } from "./colors.ts";

export interface PlotOptions {
  readonly height: number;
  /** Labels of the axes. */
  readonly x: string;
  readonly y: string;
  /** The lines. `color` is a variable of the page's style. */
  readonly lines: readonly { readonly name: string; readonly color: string; readonly dash?: number[] }[];
  /** Limits of y if y is a logarithm to base 10. @default linear y with automatic limits */
  readonly exponents?: readonly [number, number];
}

/** Lines over a common x, in the colours of the page and as wide as the container. Draws at most once a frame. */
export class Plot {
  readonly #plot: uPlot;
  #data: AlignedData;
  /** Number of the requested frame, 0 if there is none. */
  #frame = 0;

  constructor(container: HTMLElement, { height, x, y, lines, exponents }: PlotOptions) {
    this.#data = [[], ...lines.map(() => [])];
    const axis = (label: string, size?: number): uPlot.Axis => ({
      label,
      labelSize: 20,
      size,
      labelFont: "13px system-ui, sans-serif",
      font: "12px system-ui, sans-serif",
      stroke: () => styleColor("--soft"),
      grid: { stroke: () => styleColor("--line"), width: 1 },
      ticks: { show: false },
    });
    const options: Options = {
      width: container.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false },
        y: exponents ? { range: [...exponents] } : {},
      },
      axes: [
        {
          ...axis(x, 34),
          values: (_, splits) => splits.map((value) => Number.isInteger(value) ? thousands(value) : ""),
        },
        exponents ? { ...axis(y, 46), values: (_, splits) => splits.map(powerOfTen) } : axis(y, 46),
      ],
      series: [
        {},
        ...lines.map(({ name, color, dash }): Series => ({
          label: name,
          stroke: () => styleColor(color),
          width: 2,
          dash,
          spanGaps: true,
          points: { show: false },
        })),
      ],
    };
    this.#plot = new uPlot(options, this.#data, container);
    new ResizeObserver(() => {
      if (container.clientWidth > 0) this.#plot.setSize({ width: container.clientWidth, height });
    }).observe(container);
    onThemeChange(() => this.#plot.redraw(true));
  }

  show(data: AlignedData): void {
    this.#data = data;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#plot.setData(this.#data);
    });
  }
}

/** 1500 as 1.5k. */
function thousands(value: number): string {
  return Math.abs(value) >= 1000 ? `${value / 1000}k` : String(value);
}

/** -6 as 10⁻⁶. */
export function powerOfTen(exponent: number): string {
  return exponent === 0 ? "1" : `10${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join("")}`;
}

const SUPERSCRIPTS: Record<string, string> = {
  ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((character, digit) => [digit, character])),
  "-": "⁻",
};
