/**
 * The rows of main.ts with two threads each, by all who can use them, and by ours with one. Writes its section of
 * ../RESULTS.md, or with `--rows` only prints.
 *
 *     deno task bench:rivals:threads [--rounds 7] [--rows W1,W4]
 */
import { parseArgs } from "node:util";
import { present, TWO_THREADS } from "./contenders.ts";
import { median, print, race } from "./race.ts";
import { circumstances, table, writeSection } from "./results_file.ts";
import { type Entry, figure, notes, timesRow } from "./rivals_section.ts";
import { ROWS } from "./rows.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" }, rows: { type: "string" } } });
const rounds = Number(values.rounds), parts = values.rows?.split(",");
const rows = ROWS.filter(({ id }) => !parts || parts.some((part) => id === part || id.startsWith(`${part}-`)));
const versions = await present(TWO_THREADS), entries: Entry[] = [];
for (const row of rows) {
  const results = await race(row, [...versions.keys()], rounds);
  entries.push({ row, results });
  print(row, results);
}

/** How many times as long as ours with two threads each takes. */
function ratiosRow({ row, results }: Entry): string[] {
  const own = median(results[1].times);
  return [
    row.title,
    ...results.flatMap(({ times }, i) => i === 1 ? [] : times.length ? figure(median(times) / own) : "-"),
  ];
}

const titles = [...versions.keys()].map(({ title }) => title);
const section = `## Two threads

${circumstances()}. ${[...versions].map(([{ title }, version]) => `${title} ${version}`).join(", ")}.

As above, with two threads where the title says so; what two threads can do shows only where both cores are free.

Milliseconds of a call, in streaming rows **microseconds**:

${table(["", ...titles], entries.map(timesRow))}

How many times as long as ours with two threads the others, and ours with one, take:

${table(["", ...titles.toSpliced(1, 1)], entries.map(ratiosRow))}

${notes(entries, rounds)}

To reproduce: \`deno task bench:rivals:threads\`.`;
if (!parts) await writeSection("threads", section);
