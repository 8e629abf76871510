/**
 * What the library adds to the start of a program: import and first LSTM step in a fresh process, less an empty program.
 * Writes its section of ../RESULTS.md.
 *
 *     deno task bench:start [--rounds 21]
 */
import { parseArgs } from "node:util";
import { median } from "./race.ts";
import { circumstances, table, writeSection } from "./results_file.ts";

const PROGRAMS = { "empty program": "start/empty.ts", "import and first step of an LSTM 128": "start/first_step.ts" };

const { values } = parseArgs({ options: { rounds: { type: "string", default: "21" } } });
const rounds = Number(values.rounds);
const programs = Object.entries(PROGRAMS).map(([name, file]) => ({ name, file, times: [] as number[] }));
for (let round = -1; round < rounds; round++) {
  for (const { file, times } of programs) {
    const time = await start(file);
    if (round >= 0) times.push(time); // after the first, everything is cached
  }
}
const [empty, full] = programs.map(({ times }) => median(times));
const section = `## Start

${circumstances()}.

Wall-clock milliseconds from starting a process to its end, after a first run that fills Deno's caches; median of
${rounds}, in turns. The library adds **${(full - empty).toFixed(0)} ms**.

${
  table(
    ["", "median", "least"],
    programs.map(({ name, times }) => [name, median(times).toFixed(1), Math.min(...times).toFixed(1)]),
  )
}

To reproduce: \`deno task bench:start\`.`;
console.log(section);
await writeSection("start", section);

async function start(file: string): Promise<number> {
  const from = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["run", file] }).output();
  if (!success) throw new Error(`${file} failed`);
  return performance.now() - from;
}
