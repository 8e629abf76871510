import { draw, figure, Plot, powersOfTen } from "./figures.ts";
import type { Snapshot } from "./series.ts";
import { formatNumber, formatSteps, html, type Markup } from "./text.ts";

/** Norms of the gradient by time step. Each number covers some neighbouring steps. */
export interface FlowProfile {
  /** Number of time steps. */
  readonly steps: number;
  /** One norm for each group of neighbouring time steps. */
  readonly norms: readonly number[];
}

/** Orders of magnitude that the colors or an axis show. */
const ORDERS = 10;

interface Cell {
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
  readonly norm: number;
}

/** Heat map of the gradient's norm: time step upwards, training step to the right. */
export function flowMap(name: string, snapshots: readonly Snapshot<FlowProfile>[]): Markup {
  const cells = snapshots.flatMap(({ step, value: { steps, norms } }, i) => {
    // A column starts at the previous measurement's step. The first column is as wide as the second.
    const x1 = i ? snapshots[i - 1].step : Math.max(0, step - (snapshots[1]?.step - step || step));
    return norms.map((norm, row): Cell => {
      return { x1, x2: step, y1: row * steps / norms.length, y2: (row + 1) * steps / norms.length, norm };
    });
  });
  const domain = positiveRange(cells.map(({ norm }) => norm));
  const svg = draw(`Heat map: gradient norm of ${name} by time step and training step`, {
    x: { label: "step", ticks: 5, tickFormat: formatSteps },
    y: { label: "time step t", ticks: 5 },
    color: { type: "log", scheme: "viridis", domain, clamp: true },
    marks: [
      Plot.rect(cells, {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        fill: "norm",
        inset: 0,
        shapeRendering: "crispEdges",
      }),
    ],
  });
  const [low, high] = domain.map(formatNumber);
  const ramp = html`<p class="ramp"><span>${low}</span><i></i><span>${high}</span></p>`;
  const { step, value } = snapshots.at(-1)!;
  const caption = `At step ${formatNumber(step)} it is ${describeEnds(value)}.`;
  return figure(`Gradient norm by time step, ${name}`, caption, svg, ramp);
}

/** A line of norms over the time steps. */
export interface ProfileLine {
  readonly color: string;
  readonly profile: FlowProfile;
  /**
   * Whether the line is thin and dashed, for comparison.
   *
   * @default false
   */
  readonly faint?: boolean;
}

/** Norm of the gradient over the time steps, for some measurements of one or several trainings. */
export function profileFigure(title: string, caption: string, lines: readonly ProfileLine[]): Markup {
  const domain = positiveRange(lines.flatMap(({ profile }) => profile.norms));
  const ticks = powersOfTen(...domain);
  const svg = draw(`${title}. ${caption}`, {
    x: { label: "time step t", ticks: 5 },
    y: { type: "log", label: null, grid: true, domain, clamp: true, ticks, tickFormat: formatNumber },
    marks: lines.map(({ color, profile: { steps, norms }, faint }) => {
      const points = norms.map((norm, row) => ({ t: (row + 0.5) * steps / norms.length - 0.5, norm }));
      return Plot.lineY(points, {
        x: "t",
        y: "norm",
        stroke: color,
        strokeWidth: faint ? 1 : 1.8,
        strokeDasharray: faint ? "3 3" : undefined,
      });
    }),
  });
  return figure(title, `${caption} Logarithmic scale.`, svg);
}

/** The norms at the first and the last time step, in words. */
export function describeEnds({ steps, norms }: FlowProfile): string {
  const [first, last] = [norms[0], norms.at(-1)!].map(formatNumber);
  return `${first} at the first of ${formatNumber(steps)} time steps, ${last} at the last`;
}

/** Minimum and maximum of the positive norms, at most 10 orders of magnitude apart. */
function positiveRange(norms: readonly number[]): [number, number] {
  const positive = norms.filter((norm) => norm > 0 && Number.isFinite(norm));
  const high = positive.reduce((a, b) => Math.max(a, b), 0);
  if (!high) return [1e-3, 1];
  const low = Math.max(positive.reduce((a, b) => Math.min(a, b)), high / 10 ** ORDERS);
  return low < high ? [low, high] : [low / 2, high * 2];
}
