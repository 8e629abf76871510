// deno-lint-ignore-file no-import-prefix -- an entry must work from a URL, where deno.json is absent
import type { PlotOptions } from "npm:@observablehq/plot@0.6.17";
import { missingPackage } from "../errors.ts";
import type { Histogram } from "../session/statistics.ts";
import type { CurvePoint, Snapshot } from "./series.ts";
import { formatNumber, formatPercent, formatSteps, html, Markup } from "./text.ts";

const [Plot, { parseHTML }] = await packages();

/** Observable Plot. It draws figures without a browser. */
export { Plot };

/** A curve of a figure. */
export interface Line {
  /** CSS color: `var(--c0)`. */
  readonly color: string;
  readonly points: readonly CurvePoint[];
  /**
   * Whether to dash the line and mark its points, for a curve of few points.
   *
   * @default false
   */
  readonly marked?: boolean;
}

/** Content of a figure of curves. */
export interface CurveFigure {
  readonly title: string;
  /** Content of the figure in words. */
  readonly caption: string;
  readonly lines: readonly Line[];
  /** Horizontal line to compare with, such as the limit of clipping. */
  readonly level?: { readonly value: number; readonly name: string };
  /**
   * Whether the numbers are fractions of 1.
   *
   * @default false
   */
  readonly fractions?: boolean;
}

/** Curves over the steps of a training: the mean, and a band from minimum to maximum for points of many steps. */
export function curveFigure({ title, caption, lines, level, fractions }: CurveFigure): Markup {
  const all = lines.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high]));
  const positive = [...all, ...(level ? [level.value] : [])].filter((value) => value > 0);
  const type = !fractions && needsLogScale(all) ? "log" : "linear";
  const marks = lines.flatMap(({ color, points, marked }) => {
    const hasDots = marked || points.length === 1;
    return [
      ...(marked ? [] : [Plot.areaY(points, { x: "to", y1: "low", y2: "high", fill: color, fillOpacity: 0.18 })]),
      Plot.lineY(points, {
        x: "to",
        y: "mean",
        stroke: color,
        strokeWidth: 1.6,
        strokeDasharray: marked ? "4 3" : undefined,
      }),
      ...(hasDots ? [Plot.dot(points, { x: "to", y: "mean", fill: color, r: 2.6 })] : []),
    ];
  });
  const rule = level === undefined ? [] : [
    Plot.ruleY([level.value], { stroke: "currentColor", strokeDasharray: "2 3" }),
    Plot.text([level], { y: "value", text: "name", frameAnchor: "right", dy: -7, textAnchor: "end" }),
  ];
  const svg = draw(`${title}. ${caption}`, {
    x: { label: "step", ticks: 5, tickFormat: formatSteps },
    y: {
      type,
      label: null,
      grid: true,
      ticks: type === "log" ? powersOfTen(minimum(positive), -minimum(positive.map((value) => -value))) : 5,
      tickFormat: fractions ? formatPercent : formatNumber,
      domain: fractions ? [0, 1] : undefined,
      nice: !fractions,
    },
    marks: [...marks, ...rule],
  });
  return figure(title, caption + (type === "log" ? " Logarithmic scale." : ""), svg);
}

/** How far a histogram may overlap the ones before it, in distances between histograms. */
const HISTOGRAM_HEIGHT = 2.4;

/** Histograms one behind the other, the first one at the back. Each is scaled to its fullest bin. */
export function histogramFigure(
  title: string,
  note: string,
  snapshots: readonly Snapshot<Histogram>[],
  color: string,
): Markup | undefined {
  const drawn = snapshots.filter(({ value }) => value.low <= value.high);
  if (!drawn.length) return undefined;
  const { low, high } = drawn.at(-1)!.value;
  const step = formatNumber(drawn.at(-1)!.step);
  const caption = `From ${formatNumber(low)} to ${formatNumber(high)} at step ${step}.${note}`;
  const range = Math.max(...drawn.map(({ value }) => value.high)) - Math.min(...drawn.map(({ value }) => value.low));
  const last = drawn.length - 1;
  const svg = draw(`Histograms over the training: ${title}. ${caption}`, {
    width: 340,
    height: 190,
    marginTop: 34,
    x: { label: null, ticks: 4 },
    y: {
      label: "step",
      reverse: true,
      ticks: drawn.map((_, i) => i).filter((i) => i === last || (i % Math.ceil(last / 3) === 0 && i < last - 1)),
      tickFormat: (i: number) => formatNumber(drawn[i].step),
      tickSize: 0,
      domain: [0, Math.max(1, last)],
    },
    marks: drawn.map(({ value }, i) =>
      Plot.areaY(outline(value, range), {
        x: "x",
        y1: i,
        y2: ({ y }: { y: number }) => i - HISTOGRAM_HEIGHT * y,
        fill: color,
        fillOpacity: 0.55,
        stroke: "var(--page)",
        strokeWidth: 0.8,
      })
    ),
  });
  return figure(title, caption, svg);
}

/** Outline of a histogram, at most 1 high. A histogram of equal numbers is a spike. */
function outline({ low, high, counts }: Histogram, range: number): { x: number; y: number }[] {
  if (low === high) {
    const half = (range || Math.abs(low) || 1) / 100;
    return [{ x: low - half, y: 0 }, { x: low, y: 1 }, { x: low + half, y: 0 }];
  }
  const fullest = Math.max(...counts), width = (high - low) / counts.length;
  const tops = counts.map((count, i) => ({ x: low + (i + 0.5) * width, y: count / fullest }));
  return [{ x: low, y: 0 }, ...tops, { x: high, y: 0 }];
}

/** A drawing with title and caption. */
export function figure(title: string, caption: string, drawing: Markup, below?: Markup): Markup {
  return html`<figure><h3>${title}</h3>${drawing}${below}<figcaption>${caption}</figcaption></figure>`;
}

/** Attributes that hold numbers of pixels. */
const PIXELS = /\b(d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"/g;

/**
 * Draw a plot as SVG, 440 pixels wide unless `options` says otherwise.
 *
 * @param label Content of the drawing in words, for screen readers.
 */
export function draw(label: string, options: PlotOptions): Markup {
  const { document } = parseHTML("<html></html>") as unknown as { document: Document };
  const plot = Plot.plot({
    document,
    className: "plot",
    width: 440,
    height: 230,
    marginLeft: 48,
    marginBottom: 34,
    ...options,
  });
  // A precision of 0.01 pixels is enough and makes the page smaller.
  const svg = plot.outerHTML.replace(PIXELS, (attribute) => attribute.replace(/\d+\.\d{3,}/g, round));
  const start = html`<svg role="img" aria-label="${label}"></svg>`.text.trim().replace("></svg>", "");
  return new Markup(svg.replace(/<style>.*?<\/style>/s, "").replace(/^<svg/, () => start));
}

function round(digits: string): string {
  return String(Math.round(Number(digits) * 100) / 100);
}

/** Ticks of a logarithmic axis: some five powers of 10, or a number of ticks where the axis has fewer than two. */
export function powersOfTen(low: number, high: number): number | number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (!(last > first)) return 5;
  const every = Math.ceil((last - first) / 6);
  return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
}

/** Whether all numbers are positive and differ so much that only a logarithmic scale shows them all. */
function needsLogScale(values: readonly number[]): boolean {
  let low = Infinity, high = 0;
  for (const value of values) {
    if (value <= 0) return false;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high > 30 * low;
}

/** `Math.min(...values)`, for more values than a call takes. */
function minimum(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

/** The packages that draw, loaded with the entry: without them the program ends before a training, not after it. */
async function packages() {
  try {
    return [await import("npm:@observablehq/plot@0.6.17"), await import("npm:linkedom@0.18.15")] as const;
  } catch (cause) {
    throw missingPackage("A training report", "@observablehq/plot@0.6.17 linkedom@0.18.15", cause);
  }
}
