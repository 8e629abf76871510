import type { Curve, CurvePoint } from "./curve.ts";
import { curveFigure, type Line } from "./curve_figure.ts";
import type { Markup } from "./markup.ts";
import { lines, percent, said } from "./number_text.ts";
import { section, type ShownRun } from "./sections.ts";
import type { TrainingRun } from "./training_run.ts";

/** Points of a curve of shares, at most: each is to stand for many steps. */
const SHARES = 50;

/** Losses, metrics, learning rate, gradient norm: figures that all trainings share. */
export function curveSections(
  runs: readonly ShownRun[],
  perplexity: boolean,
): (Markup | undefined)[] {
  const metrics = [...new Set(runs.flatMap(({ run }) => [...run.metrics.keys()]))];
  return [
    section("Loss", [
      lossFigure(runs, "Loss", (value) => value),
      perplexity ? lossFigure(runs, "Perplexity", Math.exp) : undefined,
      ...metrics.map((name) => metricFigure(runs, name)),
    ]),
    section("Learning rate, gradient norm, clipping", [
      plainFigure(runs, "Learning rate", (run) => run.learningRate, told),
      gradientFigure(runs),
      clippedFigure(runs),
    ]),
  ];
}

/** Training loss and, dashed, that of evaluations, or what another function makes of them. */
function lossFigure(runs: readonly ShownRun[], title: string, of: (value: number) => number): Markup | undefined {
  const curves = runs.flatMap(({ color, run }): Line[] => [
    { color, points: run.loss.points().map((point) => mapped(point, of)) },
    { color, points: run.validation.points().map((point) => mapped(point, of)), marked: true },
  ]).filter(({ points }) => points.length);
  if (!curves.length) return undefined;
  const caption = runs.map(({ name, run: { loss, validation, gradientNorm } }) => {
    const best = validation.least, left = gradientNorm.notFinite;
    const parts = [
      ...(loss.first ? [`from ${said(of(loss.first.value))} to ${said(of(loss.last!.value))} in training`] : []),
      ...(best ? [`at best ${said(of(best.value))} on validation (dashed), after step ${said(best.step)}`] : []),
      ...(left ? [`${said(left)} updates were left out, as they were not finite`] : []),
    ];
    return sentence(name, parts.join("; "));
  });
  return curveFigure({ title, caption: lines(caption), lines: curves });
}

function metricFigure(runs: readonly ShownRun[], name: string): Markup | undefined {
  return plainFigure(runs, name[0].toUpperCase() + name.slice(1), (run) => run.metrics.get(name), told, true);
}

/** A figure of one curve of each training. */
function plainFigure(
  runs: readonly ShownRun[],
  title: string,
  curveOf: (run: TrainingRun) => Curve | undefined,
  tell: (curve: Curve) => string,
  marked = false,
): Markup | undefined {
  const shown = runs.flatMap(({ name, color, run }) => {
    const curve = curveOf(run);
    return curve?.last ? [{ name, line: { color, points: curve.points(), marked }, text: tell(curve) }] : [];
  });
  if (!shown.length) return undefined;
  const caption = lines(shown.map(({ name, text }) => sentence(name, text)));
  return curveFigure({ title, caption, lines: shown.map(({ line }) => line) });
}

function gradientFigure(runs: readonly ShownRun[]): Markup | undefined {
  const shown = runs.filter(({ run }) => run.gradientNorm.last);
  if (!shown.length) return undefined;
  const [limit] = shown.flatMap(({ run: { clip } }) => clip?.by === "norm" ? [clip.limit] : []);
  const captions = shown.map(({ name, run: { gradientNorm, clip } }) => {
    const by = clip?.by === "value" ? `; elements clipped to ±${said(clip.limit)}` : "";
    return sentence(name, told(gradientNorm) + by);
  });
  return curveFigure({
    title: "Gradient norm",
    caption: lines(["Of all parameters together, before clipping.", ...captions]),
    lines: shown.map(({ color, run }) => ({ color, points: run.gradientNorm.points() })),
    level: limit === undefined ? undefined : { value: limit, name: `clipped to ${said(limit)}` },
  });
}

/** Where gradients are clipped by their norm, the share of steps in which they were. */
function clippedFigure(runs: readonly ShownRun[]): Markup | undefined {
  const shown = runs.filter(({ run }) => run.clipped.last);
  if (!shown.length) return undefined;
  const captions = shown.map(({ name, run }) => {
    const { loss, clipped } = run, share = clipped.mean;
    return sentence(name, `${percent(share)} of ${said(loss.count)} steps`);
  });
  return curveFigure({
    title: "Share of clipped steps",
    caption: lines(captions),
    lines: shown.map(({ color, run }) => ({
      color,
      points: run.clipped.points(SHARES).map(({ from, to, mean }) => ({ from, to, mean, low: mean, high: mean })),
    })),
    share: true,
  });
}

function mapped({ from, to, mean, low, high }: CurvePoint, of: (value: number) => number): CurvePoint {
  return { from, to, mean: of(mean), low: of(low), high: of(high) };
}

/** From 0.1 to 0.002. */
function told({ first, last }: Curve): string {
  return first!.value === last!.value
    ? `${said(last!.value)} throughout`
    : `from ${said(first!.value)} to ${said(last!.value)}`;
}

/** "LSTM: from 3 to 1." */
function sentence(name: string, text: string): string {
  return `${name ? `${name}: ${text}` : text[0].toUpperCase() + text.slice(1)}.`;
}
