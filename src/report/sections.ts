import { ends, flowMap, profileFigure, type ProfileLine } from "./flow_figure.ts";
import { histogramFigure } from "./histogram_figure.ts";
import { html, type Markup } from "./markup.ts";
import { lines, percent, said } from "./number_text.ts";
import type { TrainingRun } from "./training_run.ts";

/** One of the trainings of a page, with its colour. */
export interface ShownRun {
  /** Empty where there is only one. */
  readonly name: string;
  readonly color: string;
  readonly run: TrainingRun;
}

/** Gradients by time step: the last profiles of all trainings, and a heat map of each layer. */
export function flowSection(runs: readonly ShownRun[]): Markup | undefined {
  const layers = runs.flatMap(({ name, color, run }) =>
    [...run.flows].map(([layer, flow]) => ({ name, color, layer, flow, last: flow.all().at(-1)!.value }))
  );
  if (!layers.length) return undefined;
  const several = runs.length > 1,
    maps = layers.map(({ name, layer, flow }) => flowMap(titled(name, layer), flow.all()));
  const names = [...new Set(layers.map(({ layer }) => layer))];
  const figures = names.map((layer) => {
    const own = layers.filter((each) => each.layer === layer);
    const profiles = own.flatMap(({ color, flow, last: profile }): ProfileLine[] => {
      const [first] = flow.all();
      return several ? [{ color, profile }] : [{ color, profile: first.value, faint: true }, { color, profile }];
    });
    const caption = several
      ? lines(["At the last measurement of each.", ...own.map(({ name, last }) => `${name}: ${ends(last)}.`)])
      : `Dashed: the first measurement. At the last one it is ${ends(own[0].last)}.`;
    return profileFigure(`From the first time step to the last, ${layer}`, caption, profiles);
  });
  return section("Gradient norm by time step", [...figures, ...maps]);
}

/** Distributions of parameters and of outputs, a figure each. */
export function histogramSections(runs: readonly ShownRun[]): (Markup | undefined)[] {
  const weights = runs.flatMap(({ name, color, run: { parameters, gradients } }) =>
    [...parameters].map(([parameter, snapshots]) => {
      const norm = gradients.get(parameter)?.last, note = norm ? ` Norm of its gradient: ${said(norm.value)}.` : "";
      return histogramFigure(titled(name, parameter), note, snapshots.all(), color);
    })
  );
  const activations = runs.flatMap(({ name, color, run: { activations, saturated } }) =>
    [...activations].map(([layer, snapshots]) => {
      const share = saturated.get(layer)?.last, { low, high } = snapshots.all().at(-1)!.value;
      // Of outputs without limits it would mean nothing.
      const note = share && low >= -1 && high <= 1 ? ` Beyond ±0.97: ${percent(share.value)}.` : "";
      return histogramFigure(titled(name, layer), note, snapshots.all(), color);
    })
  );
  const about = "The first histogram is at the back, the last in front; each is as high as its fullest bin.";
  return [section("Weights", weights, about, "small"), section("Activations", activations, about, "small")];
}

/** What the nets have written, the last first. */
export function sampleSection(runs: readonly ShownRun[]): Markup | undefined {
  const lists = runs.flatMap(({ name, run }) => {
    const samples = run.samples.all().toReversed();
    const items = samples.map(({ step, value }) =>
      html`
        <li>
          <h3>${titled(name, `after step ${said(step)}`)}</h3>
          <blockquote>${value}</blockquote>
        </li>
      `
    );
    return items.length ? [html`<ol class="samples">${items}</ol>`] : [];
  });
  return lists.length ? html`<section><h2>Samples</h2>${lists}</section>` : undefined;
}

/** A heading and figures; nothing where there are none. */
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

/** A title of one of several trainings. */
function titled(name: string, title: string): string {
  return name ? `${name}: ${title}` : title;
}
