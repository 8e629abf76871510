import type { Contender } from "./contenders.ts";
import { median, type Result } from "./race.ts";
import { circumstances, table } from "./results_file.ts";
import type { Row } from "./rows.ts";

/** A row with what all contenders did in it. */
export interface Entry {
  readonly row: Row;
  readonly results: readonly Result[];
}

/** The section as markdown. */
export function rivalsSection(
  entries: readonly Entry[],
  versions: ReadonlyMap<Contender, string>,
  rounds: number,
): string {
  const contenders = [...versions.keys()], ours = contenders.filter(({ id }) => id.startsWith("unroll"));
  const rivals = contenders.filter((contender) => !ours.includes(contender));
  return `## The same work by others

${circumstances()}. ${[...versions].map(([{ title }, version]) => `${title} ${version}`).join(", ")}.

One thread each; all but PyTorch run in Deno, each in a process of its own. Every library uses its own recurrent layers
or, where it has none, the plainest net written in it. All have the same weights and inputs and are sampled in turns, A B
C A B C, after a warm-up; the figure is the median of ${rounds} samples of at least 250 ms of wall-clock time, or of fewer
where they would take more than 20 s (see the notes). The workloads are in \`bench/rivals/rows.ts\`.

Milliseconds of a call, in streaming rows **microseconds**:

${table(["", ...contenders.map(({ title }) => title)], entries.map(timesRow))}

How many times as long as ours (fast) the others take:

${table(["", ...rivals.map(({ title }) => title)], entries.map((entry) => ratiosRow(entry, rivals)))}

Ours in percent of the limit: operations at the rate of fused multiply-adds on registers, plus, in streaming and inference
rows, the weights that each step must read at the rate at which one thread reads as many bytes; both measured in the same
process before and after each sample, in processor time. Where the two overlap, a row can exceed 100. In brackets the
sample that came nearest: what another guest of the machine does on the same core takes half of the instructions a
product could start, and leaves the limit, two instructions a cycle, as it is.

${table(["", ...ours.map(({ title }) => `${title}, %`)], entries.map((entry) => sharesRow(entry, ours)))}

Largest difference of results from ours (fast): 64 elements of the output or of the gradient of \`weight_hh_l0\`, relative
to the largest; in training, the losses of the first two steps.

${table(["", ...contenders.slice(1).map(({ title }) => title)], entries.map(differencesRow))}

### Notes

${notes(entries, rounds)}

To reproduce: \`deno task bench:rivals\` (PyTorch takes part where \`python3\` can import torch; everything else comes from
npm at the versions in \`bench/rivals/deno.json\`).`;
}

export function timesRow({ row, results }: Entry): string[] {
  const scale = row.task === "stream" ? 1000 : 1;
  return [row.title, ...results.map(({ times }) => times.length ? figure(median(times) * scale) : "-")];
}

function ratiosRow({ row, results }: Entry, rivals: readonly Contender[]): string[] {
  const own = median(results[0].times);
  const ratios = rivals.map((rival) => {
    const { times } = results.find(({ contender }) => contender === rival)!;
    return times.length && own ? figure(median(times) / own) : "-";
  });
  return [row.title, ...ratios];
}

function sharesRow({ row, results }: Entry, ours: readonly Contender[]): string[] {
  const shares = ours.map((one) => results.find(({ contender }) => contender === one)!.shares);
  return [
    row.title,
    ...shares.map((list) => list.length ? `${percent(median(list))} (${percent(Math.max(...list))})` : "-"),
  ];
}

function percent(share: number): string {
  return (share * 100).toFixed(0);
}

function differencesRow({ row, results }: Entry): string[] {
  const cells = results.slice(1).map(({ difference }) => difference === undefined ? "-" : difference.toExponential(0));
  return [row.title, ...cells];
}

/** What is missing and what differs, a line for each contender and text. */
export function notes(entries: readonly Entry[], rounds: number): string {
  const rowsByText = new Map<string, string[]>();
  for (const { row, results } of entries) {
    for (const { contender: { title }, missing, note, times } of results) {
      const fewer = times.length && times.length < rounds && `${times.length} of ${rounds} samples`;
      for (const text of [missing !== undefined && `missing: ${missing}`, note, fewer]) {
        if (!text) continue;
        const line = `${title}: ${text}`;
        rowsByText.set(line, [...rowsByText.get(line) ?? [], row.id]);
      }
    }
  }
  return [...rowsByText].sort(([a], [b]) => a < b ? -1 : 1).map(([text, rows]) => `- ${text} (${rows.join(", ")})`)
    .join("\n");
}

/** Three digits. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
