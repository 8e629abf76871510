import { curveFigure, histogramFigure, type Line } from "./figures.ts";
import { describeEnds, flowMap, profileFigure, type ProfileLine } from "./flow_figure.ts";
import type { Curve, CurvePoint } from "./series.ts";
import { formatNumber, formatPercent, html, type Markup } from "./text.ts";
import type { TrainingRun } from "./training_run.ts";

/** A training of the page with its color. */
export interface ShownRun {
  /** Empty if the page shows one training. */
  readonly name: string;
  /** CSS color. */
  readonly color: string;
  readonly run: TrainingRun;
}

/** Maximum number of points of a curve of fractions: each point must cover many steps. */
const FRACTION_POINTS = 50;

/** Loss, perplexity and metrics. */
export function lossSection(runs: readonly ShownRun[], perplexity: boolean): Markup | undefined {
  const metrics = [...new Set(runs.flatMap(({ run }) => [...run.metrics.keys()]))];
  return section("Loss", [
    lossFigure(runs, "Loss", (value) => value),
    perplexity ? lossFigure(runs, "Perplexity", Math.exp) : undefined,
    ...metrics.map((name) => plainFigure(runs, capitalize(name), (run) => run.metrics.get(name), true)),
  ]);
}

/** Learning rate, gradient norm and clipping. */
export function updateSection(runs: readonly ShownRun[]): Markup | undefined {
  return section("Learning rate, gradient norm, clipping", [
    plainFigure(runs, "Learning rate", (run) => run.learningRate),
    gradientFigure(runs),
    clippedFigure(runs),
  ]);
}

/** Loss of training and, dashed, of evaluations, each mapped by a function. */
function lossFigure(runs: readonly ShownRun[], title: string, map: (loss: number) => number): Markup | undefined {
  const mapPoint = ({ from, to, mean, low, high }: CurvePoint) => {
    return { from, to, mean: map(mean), low: map(low), high: map(high) };
  };
  const lines = runs.flatMap(({ color, run }): Line[] => [
    { color, points: run.loss.points().map(mapPoint) },
    { color, points: run.validation.points().map(mapPoint), marked: true },
  ]).filter(({ points }) => points.length);
  if (!lines.length) return undefined;
  const format = (loss: number) => formatNumber(map(loss));
  const captions = runs.map(({ name, run: { loss: { first, last }, validation, gradientNorm } }) => {
    const best = validation.minimum, skipped = gradientNorm.nonFinite;
    const parts = [
      ...(first ? [`from ${format(first.value)} to ${format(last!.value)} in training`] : []),
      ...(best ? [`at best ${format(best.value)} on validation (dashed), after step ${formatNumber(best.step)}`] : []),
      ...(skipped ? [`${formatNumber(skipped)} updates were left out, as they were not finite`] : []),
    ];
    return sentence(name, parts.join("; "));
  });
  return curveFigure({ title, caption: captions.join("\n"), lines });
}

/** One curve of each training. */
function plainFigure(
  runs: readonly ShownRun[],
  title: string,
  curveOf: (run: TrainingRun) => Curve | undefined,
  marked = false,
): Markup | undefined {
  const shown = runs.flatMap(({ name, color, run }) => {
    const curve = curveOf(run);
    if (!curve?.last) return [];
    return [{ line: { color, points: curve.points(), marked }, caption: sentence(name, describeChange(curve)) }];
  });
  if (!shown.length) return undefined;
  const caption = shown.map(({ caption }) => caption).join("\n");
  return curveFigure({ title, caption, lines: shown.map(({ line }) => line) });
}

function gradientFigure(runs: readonly ShownRun[]): Markup | undefined {
  const shown = runs.filter(({ run }) => run.gradientNorm.last);
  if (!shown.length) return undefined;
  const [limit] = shown.flatMap(({ run: { clip } }) => clip?.by === "norm" ? [clip.limit] : []);
  const captions = shown.map(({ name, run: { gradientNorm, clip } }) => {
    const clipping = clip?.by === "value" ? `; elements clipped to ±${formatNumber(clip.limit)}` : "";
    return sentence(name, describeChange(gradientNorm) + clipping);
  });
  return curveFigure({
    title: "Gradient norm",
    caption: ["Of all parameters together, before clipping.", ...captions].join("\n"),
    lines: shown.map(({ color, run }) => ({ color, points: run.gradientNorm.points() })),
    level: limit === undefined ? undefined : { value: limit, name: `clipped to ${formatNumber(limit)}` },
  });
}

/** Fraction of steps with clipped gradients, for trainings that clip by norm. */
function clippedFigure(runs: readonly ShownRun[]): Markup | undefined {
  const shown = runs.filter(({ run }) => run.clipped.last);
  if (!shown.length) return undefined;
  const captions = shown.map(({ name, run: { loss, clipped } }) =>
    sentence(name, `${formatPercent(clipped.mean)} of ${formatNumber(loss.count)} steps`)
  );
  return curveFigure({
    title: "Share of clipped steps",
    caption: captions.join("\n"),
    lines: shown.map(({ color, run }) => ({
      color,
      points: run.clipped.points(FRACTION_POINTS).map((point) => ({ ...point, low: point.mean, high: point.mean })),
    })),
    fractions: true,
  });
}

/** Gradient norm by time step: the last profile of each training, then a heat map of each layer. */
export function flowSection(runs: readonly ShownRun[]): Markup | undefined {
  const layers = runs.flatMap(({ name, color, run }) =>
    [...run.flows].map(([layer, flow]) => ({ name, color, layer, flow, last: flow.all().at(-1)!.value }))
  );
  if (!layers.length) return undefined;
  const names = [...new Set(layers.map(({ layer }) => layer))];
  const profiles = names.map((layer) => {
    const same = layers.filter((each) => each.layer === layer);
    const lines = same.flatMap(({ color, flow, last: profile }): ProfileLine[] => {
      if (runs.length > 1) return [{ color, profile }];
      return [{ color, profile: flow.all()[0].value, faint: true }, { color, profile }];
    });
    const ends = same.map(({ name, last }) => `${name}: ${describeEnds(last)}.`);
    const caption = runs.length > 1
      ? ["At the last measurement of each.", ...ends].join("\n")
      : `Dashed: the first measurement. At the last one it is ${describeEnds(same[0].last)}.`;
    return profileFigure(`From the first time step to the last, ${layer}`, caption, lines);
  });
  const maps = layers.map(({ name, layer, flow }) => flowMap(withName(name, layer), flow.all()));
  return section("Gradient norm by time step", [...profiles, ...maps]);
}

/** Histograms of parameters and of layer outputs. */
export function histogramSections(runs: readonly ShownRun[]): (Markup | undefined)[] {
  const weights = runs.flatMap(({ name, color, run: { parameters, gradients } }) =>
    [...parameters].map(([parameter, snapshots]) => {
      const norm = gradients.get(parameter)?.last;
      const note = norm ? ` Norm of its gradient: ${formatNumber(norm.value)}.` : "";
      return histogramFigure(withName(name, parameter), note, snapshots.all(), color);
    })
  );
  const activations = runs.flatMap(({ name, color, run: { activations, saturated } }) =>
    [...activations].map(([layer, snapshots]) => {
      const fraction = saturated.get(layer)?.last;
      const { low, high } = snapshots.all().at(-1)!.value;
      // Saturation has no meaning for unbounded outputs.
      const note = fraction && low >= -1 && high <= 1 ? ` Beyond ±0.97: ${formatPercent(fraction.value)}.` : "";
      return histogramFigure(withName(name, layer), note, snapshots.all(), color);
    })
  );
  const about = "The first histogram is at the back, the last in front; each is as high as its fullest bin.";
  return [section("Weights", weights, about, "small"), section("Activations", activations, about, "small")];
}

/** Generated texts, the last one first. */
export function sampleSection(runs: readonly ShownRun[]): Markup | undefined {
  const lists = runs.flatMap(({ name, run }) => {
    const samples = run.samples.all().toReversed();
    const items = samples.map(({ step, value }) =>
      html`
        <li>
          <h3>${withName(name, `after step ${formatNumber(step)}`)}</h3>
          <blockquote>${value}</blockquote>
        </li>
      `
    );
    return items.length ? [html`<ol class="samples">${items}</ol>`] : [];
  });
  return lists.length ? html`<section><h2>Samples</h2>${lists}</section>` : undefined;
}

/** A heading with figures, or nothing if there are no figures. */
export function section(
  title: string,
  figures: readonly (Markup | undefined)[],
  about?: string,
  size: "large" | "small" = "large",
): Markup | undefined {
  const shown = figures.filter((figure) => figure !== undefined);
  if (!shown.length) return undefined;
  const note = about && html`<p>${about}</p>`;
  return html`<section><h2>${title}</h2>${note}<div class="figures ${size}">${shown}</div></section>`;
}

/** "from 0.1 to 0.002" */
function describeChange({ first, last }: Curve): string {
  const [start, end] = [first!, last!].map(({ value }) => formatNumber(value));
  return first!.value === last!.value ? `${end} throughout` : `from ${start} to ${end}`;
}

/** "LSTM: from 3 to 1." for one of several trainings, "From 3 to 1." for a single one. */
function sentence(name: string, text: string): string {
  return `${name ? `${name}: ${text}` : capitalize(text)}.`;
}

function withName(name: string, title: string): string {
  return name ? `${name}: ${title}` : title;
}

function capitalize(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
