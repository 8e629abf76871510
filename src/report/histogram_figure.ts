import type { Histogram } from "../session/histogram.ts";
import { draw, Plot } from "./drawing.ts";
import { figure } from "./curve_figure.ts";
import type { Markup } from "./markup.ts";
import { said } from "./number_text.ts";
import type { Snapshot } from "./snapshots.ts";

/** How far a slice may reach over those before it, in distances of slices. */
const HEIGHT = 2.4;

/** Histograms one behind the other, the first one at the back: each as high as its fullest bin is full. */
export function histogramFigure(
  title: string,
  note: string,
  snapshots: readonly Snapshot<Histogram>[],
  color: string,
): Markup | undefined {
  const drawn = snapshots.filter(({ value }) => value.low <= value.high);
  if (!drawn.length) return undefined;
  const { low, high } = drawn.at(-1)!.value;
  const caption = `From ${said(low)} to ${said(high)} at step ${said(drawn.at(-1)!.step)}.${note}`;
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
      tickFormat: (i: number) => said(drawn[i].step),
      tickSize: 0,
      domain: [0, Math.max(1, last)],
    },
    marks: drawn.map(({ value }, i) =>
      Plot.areaY(outline(value, range), {
        x: "x",
        y1: i,
        y2: ({ y }: { y: number }) => i - HEIGHT * y,
        fill: color,
        fillOpacity: 0.55,
        stroke: "var(--page)",
        strokeWidth: 0.8,
      })
    ),
  });
  return figure(title, caption, svg);
}

/** The outline of a histogram, at most 1 high; equal numbers are a spike. */
function outline({ low, high, counts }: Histogram, range: number): { x: number; y: number }[] {
  if (low === high) {
    const half = (range || Math.abs(low) || 1) / 100;
    return [{ x: low - half, y: 0 }, { x: low, y: 1 }, { x: low + half, y: 0 }];
  }
  const fullest = Math.max(...counts), width = (high - low) / counts.length;
  const tops = counts.map((count, i) => ({ x: low + (i + 0.5) * width, y: count / fullest }));
  return [{ x: low, y: 0 }, ...tops, { x: high, y: 0 }];
}
