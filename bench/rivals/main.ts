/**
 * The same work by this library and by others, in the same run, in turns. Without options, writes its section of
 * ../RESULTS.md; with `--rows` or `--rivals`, only prints.
 *
 *     deno task bench:rivals [--rounds 15] [--rows W1,W4] [--rivals torch,tfjs-wasm]
 */
import { parseArgs } from "node:util";
import { CONTENDERS, present } from "./contenders.ts";
import { print, race } from "./race.ts";
import { type Entry, rivalsSection } from "./rivals_section.ts";
import { writeSection } from "./results_file.ts";
import { ROWS } from "./rows.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
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

const versions = await present(wanted), contenders = [...versions.keys()];

const entries: Entry[] = [];
for (const row of rows) {
  const results = await race(row, contenders, rounds);
  entries.push({ row, results });
  print(row, results);
}
const section = rivalsSection(entries, versions, rounds);
if (values.rows === undefined && values.rivals === undefined) await writeSection("rivals", section);

function listed(list: string | undefined, test: (part: string) => boolean): boolean {
  return list === undefined || list.split(",").some(test);
}
