import {
  flowSection,
  histogramSections,
  lossSection,
  sampleSection,
  section,
  type ShownRun,
  updateSection,
} from "./sections.ts";
import { STYLE } from "./style.ts";
import { formatDuration, formatNumber, html, Markup } from "./text.ts";
import type { TrainingRun } from "./training_run.ts";

/** Number of colors that tell trainings apart. */
const COLORS = 8;
/** Forbids all requests and scripts, whatever the texts on the page contain. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** Names and values, for people to read. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** Content of a page. */
export interface PageContent {
  readonly title: string;
  /** Trainings by name. */
  readonly trainings: ReadonlyMap<string, TrainingRun>;
  /** Whether to show exp(loss) as perplexity. */
  readonly perplexity: boolean;
  readonly configuration: Facts;
  readonly environment: Facts;
  readonly began: Date;
  readonly ended: Date;
}

/** Write trainings as an HTML page. */
export function writePage(content: PageContent): string {
  const { title, trainings, perplexity, configuration, began, ended } = content;
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
        <header><h1>${title}</h1>${summary(runs, began, ended)}${key(runs)}</header>
        <main>
    ${lossSection(runs, perplexity)}${updateSection(runs)}
    ${flowSection(runs)}
    ${histogramSections(runs)}
    ${sampleSection(runs)}
    ${section("Configuration and environment", [
      table("Configuration", configuration),
      table("Environment", environmentFacts(content)),
    ])}
        </main>
      </body>
    </html>
  `;
  return `<!doctype html>\n${page.text}`;
}

/** Progress of a single training, or the number of trainings. */
function summary(runs: readonly ShownRun[], began: Date, ended: Date): Markup {
  const time = formatDuration((ended.getTime() - began.getTime()) / 1000);
  if (runs.length !== 1) return html`<p>${runs.length} trainings in ${time}</p>`;
  const [{ run: { step, epoch, loss, validation, reason } }] = runs;
  const facts: Facts = {
    "steps": formatNumber(step),
    "epochs": formatNumber(epoch),
    "time": time,
    ...(loss.last && { "last loss": formatNumber(loss.last.value) }),
    ...(validation.minimum && { "best validation loss": formatNumber(validation.minimum.value) }),
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

/** Names of the trainings with their colors. */
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

/** The given environment, engine, cores and times. */
function environmentFacts({ began, ended, environment }: PageContent): Facts {
  const { userAgent, hardwareConcurrency } = globalThis.navigator ?? {};
  return {
    ...environment,
    ...(userAgent && { engine: userAgent }),
    ...(hardwareConcurrency && { cores: hardwareConcurrency }),
    began: formatDate(began),
    ended: formatDate(ended),
  };
}

/** A date as 2026-11-22 14:05:00 UTC. */
function formatDate(date: Date): string {
  return date.toISOString().replace("T", " ").replace(/\.\d+Z/, " UTC");
}
