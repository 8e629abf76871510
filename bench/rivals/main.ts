/**
 * The same work by this library and by others, in the same run, in turns. Without options, writes its section of
 * ../RESULTS.md; with `--rows` or `--rivals`, only prints.
 *
 *     deno task bench:rivals [--rounds 7] [--rows W1,W4] [--rivals torch,tfjs-wasm]
 */
import { parseArgs } from "node:util";
import { CONTENDERS, version } from "./contenders.ts";
import { median, race, type Result } from "./race.ts";
import { type Entry, rivalsSection } from "./rivals_section.ts";
import { writeSection } from "./results_file.ts";
import { ROWS } from "./rows.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    rows: { type: "string" },
    rivals: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const rows = ROWS.filter(({ id }) => listed(values.rows, (part) => id === part || id.startsWith(`${part}-`)));
const wanted = CONTENDERS.filter(({ id }) => id.startsWith("unroll") || listed(values.rivals, (part) => id === part));
const unknown = values.rivals?.split(",").some((part) => !CONTENDERS.some(({ id }) => id === part));
if (!Number.isInteger(rounds) || rounds < 1 || !rows.length || unknown) {
  console.error(`usage: deno task bench:rivals [--rounds N] [--rows LIST] [--rivals LIST]
rows:   ${ROWS.map(({ id }) => id).join(" ")}, or a beginning up to a dash
rivals: ${CONTENDERS.map(({ id }) => id).filter((id) => !id.startsWith("unroll")).join(" ")}`);
  Deno.exit(2);
}

const versions = new Map<string, string>();
for (const contender of wanted) {
  const number = await version(contender);
  if (number) versions.set(contender.id, number);
  else console.log(`${contender.title} cannot run on this machine`);
}
const contenders = wanted.filter(({ id }) => versions.has(id));

const entries: Entry[] = [];
for (const row of rows) {
  const results = await race(row, contenders, rounds);
  entries.push({ row, results });
  console.log(`\n${row.title}`);
  for (const result of results) console.log(line(result));
}
const section = rivalsSection(entries, contenders, versions, rounds);
if (values.rows === undefined && values.rivals === undefined) await writeSection("rivals", section);

function listed(list: string | undefined, test: (part: string) => boolean): boolean {
  return list === undefined || list.split(",").some(test);
}

function line({ contender: { title }, times, shares, missing, difference }: Result): string {
  const name = `  ${title.padEnd(18)}`;
  if (missing !== undefined) return `${name} -  ${missing}`;
  const share = shares.length ? `  ${(median(shares) * 100).toFixed(0)} % of its limit` : "";
  const check = difference !== undefined ? `  results differ by ${difference.toExponential(1)}` : "";
  return `${name} ${median(times).toPrecision(3).padStart(8)} ms${share}  (${times.length} samples)${check}`;
}
