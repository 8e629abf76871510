/**
 * ../RESULTS.md. Each program writes its own section. All programs run in this folder, and paths are relative to it.
 */
import os from "node:os";
import { median } from "../measure.ts";
import type { Contender } from "./contenders.ts";
import type { Result } from "./race.ts";
import type { Workload } from "./workloads.ts";

const FILE = "../RESULTS.md";
const SECTIONS = ["rivals", "threads", "growth", "start"] as const;

/** Replace one section of the file. */
export async function writeSection(name: (typeof SECTIONS)[number], markdown: string): Promise<void> {
  const old = await Deno.readTextFile(FILE).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const sections = SECTIONS.map((section) => {
    const text = section === name ? markdown : sectionOf(old, section) ?? "Not measured yet.";
    return `${mark(section)}\n\n${text.trim()}\n\n${mark(`end of ${section}`)}\n`;
  });
  await writeFormatted(FILE, `# Results\n\n${sections.join("\n")}`);
}

/** Write a file in the format of `deno fmt`. */
export async function writeFormatted(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  const args = ["fmt", "--quiet", "--config", "../../deno.json", path];
  const { success } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot format ${path}: expected a file that deno fmt can parse`);
}

function sectionOf(text: string, section: string): string | undefined {
  const [, rest] = text.split(mark(section));
  return rest?.split(mark(`end of ${section}`))[0].trim();
}

function mark(text: string): string {
  return `<!-- ${text} -->`;
}

/** Machine, versions, date and load: the first line of each section. */
export function circumstances(): string {
  const cpus = os.cpus();
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  return `${cpus[0].model.trim()}, ${cpus.length} cores, ${os.arch()}, ${os.type()}; Deno ${Deno.version.deno}, V8 ` +
    `${Deno.version.v8}; ${date} UTC, load ${os.loadavg()[0].toFixed(1)}`;
}

/** A table in markdown. The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i ? "--:" : "---")), ...rows.map(line)].join("\n");
}

/** A workload with the results of all contenders. */
export interface Entry {
  readonly workload: Workload;
  readonly results: readonly Result[];
}

/** The section of all contenders with one thread each. */
export function rivalsSection(
  entries: readonly Entry[],
  versions: ReadonlyMap<Contender, string>,
  rounds: number,
): string {
  const contenders = [...versions.keys()];
  const own = contenders.filter(({ id }) => id.startsWith("unroll"));
  const rivals = contenders.filter((contender) => !own.includes(contender));
  return `## The same work by others

${circumstances()}. ${versionList(versions)}.

Each contender has one thread and a process of its own. All but PyTorch run in Deno. Each library uses its own recurrent
layers or, without such layers, a plain net written in it. All contenders have the same weights and inputs. After a
warm-up they are sampled in turns, A B C A B C. A figure is the median of ${rounds} samples of at least 250 ms of
wall-clock time, or of fewer samples if ${rounds} would take more than 20 s (see the notes).
\`bench/rivals/workloads.ts\` defines the workloads.

Milliseconds of a call, in streaming rows **microseconds**:

${table(["", ...contenders.map(({ title }) => title)], entries.map(timesRow))}

Time relative to unroll fast:

${table(["", ...rivals.map(({ title }) => title)], entries.map((entry) => ratiosRow(entry, contenders[0], rivals)))}

Percentage of the machine's limit. The limit is the time of all operations at the rate of fused multiply-adds on
registers. Streaming and inference rows add the time of reading each step's weights, at the rate at which one thread
reads as many bytes. Both rates are measured in the same process before and after each sample, in processor time. Where
computing and reading overlap, a row can exceed 100. The figure in brackets is the sample nearest to the limit. Another
guest of the machine on the same core halves the instructions that a matmul can start, but not the limit of two
instructions a cycle.

${table(["", ...own.map(({ title }) => `${title}, %`)], entries.map((entry) => fractionsRow(entry, own)))}

Maximum difference of results from unroll fast: for 64 elements of the output or of the gradient of \`weight_hh_l0\`,
relative to the largest element; in training, for the losses of the first two steps.

${table(["", ...contenders.slice(1).map(({ title }) => title)], entries.map(differencesRow))}

### Notes

${notes(entries, rounds)}

To reproduce: \`deno task bench:rivals\`. PyTorch takes part if \`python3\` can import torch. npm has all other
packages, at the versions of \`bench/rivals/deno.json\`.`;
}

/** The section of all contenders with several threads. */
export function threadsSection(
  entries: readonly Entry[],
  versions: ReadonlyMap<Contender, string>,
  rounds: number,
  threads: number,
): string {
  const contenders = [...versions.keys()];
  const [one, several, ...rivals] = contenders;
  const others = [one, ...rivals];
  return `## ${threads} threads

${circumstances()}. ${versionList(versions)}.

The same workloads as above. A contender has ${threads} threads if its title says so. The figures of ${threads} threads
are valid only if ${threads} cores are free.

Milliseconds of a call, in streaming rows **microseconds**:

${table(["", ...contenders.map(({ title }) => title)], entries.map(timesRow))}

Time relative to ${several.title}:

${table(["", ...others.map(({ title }) => title)], entries.map((entry) => ratiosRow(entry, several, others)))}

${notes(entries, rounds)}

To reproduce: \`deno task bench:rivals:threads\`.`;
}

function versionList(versions: ReadonlyMap<Contender, string>): string {
  return [...versions].map(([{ title }, version]) => `${title} ${version}`).join(", ");
}

function timesRow({ workload, results }: Entry): string[] {
  const scale = workload.task === "stream" ? 1000 : 1;
  return [workload.title, ...results.map(({ times }) => times.length ? figure(median(times) * scale) : "-")];
}

function ratiosRow({ workload, results }: Entry, base: Contender, others: readonly Contender[]): string[] {
  const timesOf = (contender: Contender) => results.find((result) => result.contender === contender)!.times;
  const unit = median(timesOf(base));
  const ratios = others.map((other) => {
    const times = timesOf(other);
    return times.length && unit ? figure(median(times) / unit) : "-";
  });
  return [workload.title, ...ratios];
}

function fractionsRow({ workload, results }: Entry, own: readonly Contender[]): string[] {
  const fractions = own.map((each) => results.find(({ contender }) => contender === each)!.fractions);
  const cells = fractions.map((list) => list.length ? `${percent(median(list))} (${percent(Math.max(...list))})` : "-");
  return [workload.title, ...cells];
}

function differencesRow({ workload, results }: Entry): string[] {
  const cells = results.slice(1).map(({ difference }) => difference === undefined ? "-" : difference.toExponential(0));
  return [workload.title, ...cells];
}

/** A line for each contender and text: what is missing, what differs, and how many samples there are. */
function notes(entries: readonly Entry[], rounds: number): string {
  const idsByText = new Map<string, string[]>();
  for (const { workload, results } of entries) {
    for (const { contender: { title }, missing, note, times } of results) {
      const fewer = times.length && times.length < rounds && `${times.length} of ${rounds} samples`;
      for (const text of [missing !== undefined && `missing: ${missing}`, note, fewer]) {
        if (!text) continue;
        const line = `${title}: ${text}`;
        idsByText.set(line, [...idsByText.get(line) ?? [], workload.id]);
      }
    }
  }
  const lines = [...idsByText].sort(([a], [b]) => a < b ? -1 : 1);
  return lines.map(([text, ids]) => `- ${text} (${ids.join(", ")})`).join("\n");
}

function percent(fraction: number): string {
  return (fraction * 100).toFixed(0);
}

/** A number with three digits. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
