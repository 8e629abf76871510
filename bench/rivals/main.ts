/**
 * The same work by this library and by others, in one run, in turns. Writes its section of ../RESULTS.md. With `--rows`
 * or `--rivals` it only prints. With `--threads N`, each contender that can use N threads does so, and this library
 * runs with one thread as well.
 *
 *     deno task bench:rivals [--rounds 15] [--rows W1,W4] [--rivals torch,tfjs-wasm]
 *     deno task bench:rivals:threads [--rounds 7] [--rows W1,W4] [--rivals torch]
 */
import { parseArgs } from "node:util";
import { available, CONTENDERS, withThreads } from "./contenders.ts";
import { print, race } from "./race.ts";
import { type Entry, rivalsSection, threadsSection, writeSection } from "./report.ts";
import { WORKLOADS } from "./workloads.ts";

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    rounds: { type: "string" },
    rows: { type: "string" },
    rivals: { type: "string" },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds ?? (threads > 1 ? 7 : 15));
const contenders = threads > 1 ? withThreads(threads) : CONTENDERS;
const workloads = WORKLOADS.filter(({ id }) =>
  isListed(values.rows, (part) => id === part || id.startsWith(`${part}-`))
);
const wanted = contenders.filter(({ id }) => id.startsWith("unroll") || isListed(values.rivals, (part) => id === part));
const unknown = values.rivals?.split(",").some((part) => !contenders.some(({ id }) => id === part));
const counts = [threads, rounds];
if (counts.some((count) => !Number.isInteger(count) || count < 1) || !workloads.length || unknown) {
  console.error(`usage: deno task bench:rivals [--threads N] [--rounds N] [--rows LIST] [--rivals LIST]
rows:   ${WORKLOADS.map(({ id }) => id).join(" ")}, or a prefix that ends before a dash
rivals: ${contenders.map(({ id }) => id).filter((id) => !id.startsWith("unroll")).join(" ")}`);
  Deno.exit(2);
}

const versions = await available(wanted);
const entries: Entry[] = [];
for (const workload of workloads) {
  const results = await race(workload, [...versions.keys()], rounds);
  entries.push({ workload, results });
  print(workload, results);
}
if (values.rows === undefined && values.rivals === undefined) {
  if (threads > 1) await writeSection("threads", threadsSection(entries, versions, rounds, threads));
  else await writeSection("rivals", rivalsSection(entries, versions, rounds));
}

function isListed(list: string | undefined, test: (part: string) => boolean): boolean {
  return list === undefined || list.split(",").some(test);
}
