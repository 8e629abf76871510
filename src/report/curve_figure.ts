import type { CurvePoint } from "./curve.ts";
import { draw, Plot } from "./drawing.ts";
import { html, type Markup } from "./markup.ts";
import { percent, powers, said, spread, steps } from "./number_text.ts";

/** A line of a figure. */
export interface Line {
  /** A colour: `var(--c0)`. */
  readonly color: string;
  readonly points: readonly CurvePoint[];
  /** Whether it has few points, which are marked. Default false. */
  readonly marked?: boolean;
}

/** What a figure of curves shows. */
export interface CurveFigure {
  readonly title: string;
  /** What is to be seen, in words. */
  readonly caption: string;
  readonly lines: readonly Line[];
  /** A level to compare with, such as that of clipping. */
  readonly level?: { readonly value: number; readonly name: string };
  /** Whether numbers are shares of 1. */
  readonly share?: boolean;
}

/** Curves over the steps of a training: mean, and where points stand for several steps a band from least to largest. */
export function curveFigure({ title, caption, lines, level, share }: CurveFigure): Markup {
  const all = lines.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high]));
  const positive = [...all, ...(level ? [level.value] : [])].filter((value) => value > 0);
  const type = !share && spread(all) ? "log" : "linear";
  const marks = lines.flatMap(({ color, points, marked }) => {
    const single = marked || points.length === 1;
    return [
      ...(marked ? [] : [Plot.areaY(points, { x: "to", y1: "low", y2: "high", fill: color, fillOpacity: 0.18 })]),
      Plot.lineY(points, {
        x: "to",
        y: "mean",
        stroke: color,
        strokeWidth: 1.6,
        strokeDasharray: marked ? "4 3" : undefined,
      }),
      ...(single ? [Plot.dot(points, { x: "to", y: "mean", fill: color, r: 2.6 })] : []),
    ];
  });
  const rule = level === undefined ? [] : [
    Plot.ruleY([level.value], { stroke: "currentColor", strokeDasharray: "2 3" }),
    Plot.text([level], { y: "value", text: "name", frameAnchor: "right", dy: -7, textAnchor: "end" }),
  ];
  const svg = draw(`${title}. ${caption}`, {
    x: { label: "step", ticks: 5, tickFormat: steps },
    y: {
      type,
      label: null,
      grid: true,
      ticks: type === "log" ? powers(least(positive), -least(positive.map((value) => -value))) : 5,
      tickFormat: share ? percent : said,
      domain: share ? [0, 1] : undefined,
      nice: !share,
    },
    marks: [...marks, ...rule],
  });
  return figure(title, caption + (type === "log" ? " Logarithmic scale." : ""), svg);
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

/** A figure with title and caption. */
export function figure(title: string, caption: string, drawing: Markup, below?: Markup): Markup {
  return html`<figure><h3>${title}</h3>${drawing}${below}<figcaption>${caption}</figcaption></figure>`;
}
