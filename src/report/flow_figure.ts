import { draw, Plot } from "./drawing.ts";
import { figure } from "./curve_figure.ts";
import { html, type Markup } from "./markup.ts";
import { powers, said, steps } from "./number_text.ts";
import type { Snapshot } from "./snapshots.ts";
import type { FlowProfile } from "./training_run.ts";

/** Orders of magnitude that colours or an axis tell apart. */
const ORDERS = 10;

interface Cell {
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
  readonly norm: number;
}

/** The norm of the gradient by time step, upwards, over the training, to the right. */
export function flowMap(name: string, snapshots: readonly Snapshot<FlowProfile>[]): Markup {
  const cells = snapshots.flatMap(({ step, value }, i) => {
    // A column ends at its own step, and begins at the one before.
    const x1 = i ? snapshots[i - 1].step : Math.max(0, step - (snapshots[1]?.step - step || step)),
      { steps, norms } = value;
    return norms.map((norm, row): Cell => {
      return { x1, x2: step, y1: row * steps / norms.length, y2: (row + 1) * steps / norms.length, norm };
    });
  });
  const domain = extent(cells.map(({ norm }) => norm));
  const svg = draw(`Heat map: gradient norm of ${name} by time step and training step`, {
    x: { label: "step", ticks: 5, tickFormat: steps },
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
  const ramp = html`<p class="ramp"><span>${said(domain[0])}</span><i></i><span>${said(domain[1])}</span></p>`;
  return figure(`Gradient norm by time step, ${name}`, told(snapshots), svg, ramp);
}

/** Lines of norms over the time steps. */
export interface ProfileLine {
  readonly color: string;
  readonly profile: FlowProfile;
  /** Whether it is one that others are compared with. */
  readonly faint?: boolean;
}

/** The norm of the gradient over the time steps, at one or several steps of one or several trainings. */
export function profileFigure(title: string, caption: string, lines: readonly ProfileLine[]): Markup {
  const domain = extent(lines.flatMap(({ profile }) => profile.norms));
  const svg = draw(`${title}. ${caption}`, {
    x: { label: "time step t", ticks: 5 },
    y: { type: "log", label: null, grid: true, domain, clamp: true, ticks: powers(...domain), tickFormat: said },
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

function told(snapshots: readonly Snapshot<FlowProfile>[]): string {
  const { step, value } = snapshots.at(-1)!;
  return `At step ${said(step)} it is ${ends(value)}.`;
}

/** What it is at both ends. */
export function ends({ steps, norms }: FlowProfile): string {
  return `${said(norms[0])} at the first of ${said(steps)} time steps, ${said(norms.at(-1)!)} at the last`;
}

/** From the least to the largest positive number, 10 orders of magnitude at most. */
function extent(norms: readonly number[]): [number, number] {
  const positive = norms.filter((norm) => norm > 0 && Number.isFinite(norm)),
    high = positive.reduce((a, b) => Math.max(a, b), 0);
  if (!high) return [1e-3, 1];
  const low = Math.max(positive.reduce((a, b) => Math.min(a, b)), high / 10 ** ORDERS);
  return low < high ? [low, high] : [low / 2, high * 2];
}
