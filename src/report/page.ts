import { curveSections } from "./curve_sections.ts";
import { html, Markup } from "./markup.ts";
import { duration, said } from "./number_text.ts";
import { flowSection, histogramSections, sampleSection, section, type ShownRun } from "./sections.ts";
import { STYLE } from "./style.ts";
import type { Facts, TrainingReportOptions } from "./report_options.ts";
import type { TrainingRun } from "./training_run.ts";

/** Colours that tell trainings apart. */
const COLORS = 8;
/** Nothing is fetched, nothing is run, whatever the texts on the page say. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** What a page says beside the data of its trainings. */
export interface PageOptions extends TrainingReportOptions {
  readonly began: Date;
  readonly ended: Date;
}

/** The trainings as one page. */
export function writePage(trainings: ReadonlyMap<string, TrainingRun>, options: PageOptions): string {
  const { title = "Training", perplexity = false, configuration = {} } = options;
  const runs = [...trainings].map(([name, run], i): ShownRun => ({
    name: name || (trainings.size > 1 ? "unnamed" : ""),
    color: `var(--c${i % COLORS})`,
    run,
  }));
  const page = html`
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${POLICY}">
        <title>${title}</title>
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <header><h1>${title}</h1>${summary(runs, options)}${key(runs)}</header>
        <main>
    ${curveSections(runs, perplexity)}
    ${flowSection(runs)}
    ${histogramSections(runs)}
    ${sampleSection(runs)}
    ${section("Configuration and environment", [
      table("Configuration", configuration),
      table("Environment", environment(options)),
    ])}
        </main>
      </body>
    </html>
  `;
  return `<!doctype html>\n${page.text}`;
}

/** How far the training, or each of several, has come. */
function summary(runs: readonly ShownRun[], { began, ended }: PageOptions): Markup {
  const time = duration((ended.getTime() - began.getTime()) / 1000);
  if (runs.length !== 1) return html`<p>${runs.length} trainings in ${time}</p>`;
  const [{ run: { step, epoch, loss, validation, reason } }] = runs;
  const facts: Facts = {
    "steps": said(step),
    "epochs": said(epoch),
    "time": time,
    ...(loss.last && { "last loss": said(loss.last.value) }),
    ...(validation.least && { "best validation loss": said(validation.least.value) }),
    ...(reason && { "ended by": reason }),
  };
  const tiles = Object.entries(facts).map(([name, value]) =>
    html`
      <div>
        <dt>${name}</dt>
        <dd>${String(value)}</dd>
      </div>
    `
  );
  return html`<dl class="tiles">${tiles}</dl>`;
}

/** Which colour is which training. */
function key(runs: readonly ShownRun[]): Markup | undefined {
  if (runs.length < 2) return undefined;
  const items = runs.map(({ name, color }) => html`<li><i style="background: ${color}"></i>${name}</li>`);
  return html`<ul class="key">${items}</ul>`;
}

function table(title: string, facts: Facts): Markup | undefined {
  const rows = Object.entries(facts).map(([name, value]) =>
    html`
      <tr>
        <th scope="row">${name}</th>
        <td>${String(value)}</td>
      </tr>
    `
  );
  return rows.length
    ? html`
      <div>
        <h3>${title}</h3>
        <table>${rows}</table>
      </div>
    `
    : undefined;
}

/** What can be found out anywhere, and what was given. */
function environment({ began, ended, environment = {} }: PageOptions): Facts {
  const { userAgent, hardwareConcurrency } = globalThis.navigator ?? {};
  return {
    ...environment,
    ...(userAgent && { engine: userAgent }),
    ...(hardwareConcurrency && { cores: hardwareConcurrency }),
    began: moment(began),
    ended: moment(ended),
  };
}

/** 2026-11-22 14:05:00 UTC */
function moment(date: Date): string {
  return date.toISOString().replace("T", " ").replace(/\.\d+Z/, " UTC");
}
