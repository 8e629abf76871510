/**
 * What the library adds to the start of a program: import and first LSTM step in a fresh process, less an empty program.
 * Imported from its source, one module a file, and as its npm package has it, bundled. Writes its section of ../RESULTS.md.
 *
 *     deno task bench:start [--rounds 21]
 */
import { parseArgs } from "node:util";
import { writePackage } from "../../package/npm.ts";
import { median } from "./race.ts";
import { circumstances, table, writeSection } from "./results_file.ts";

const folder = await Deno.makeTempDir(), config = `${folder}/deno.json`;
await writePackage(`${folder}/package`);
await Deno.writeTextFile(config, JSON.stringify({ imports: { "@unroll/rnn": "./package/mod.js" } }));
const PROGRAMS = {
  "empty program": ["start/empty.ts"],
  "import and first step of an LSTM 128, from source": ["start/first_step.ts"],
  "the same, from the npm package": ["--config", config, "start/first_step.ts"],
};

const { values } = parseArgs({ options: { rounds: { type: "string", default: "21" } } });
const rounds = Number(values.rounds);
const programs = Object.entries(PROGRAMS).map(([name, args]) => ({ name, args, times: [] as number[] }));
for (let round = -1; round < rounds; round++) {
  for (const { args, times } of programs) {
    const time = await start(args);
    if (round >= 0) times.push(time); // after the first, everything is cached
  }
}
await Deno.remove(folder, { recursive: true });
const [empty, source, bundled] = programs.map(({ times }) => median(times));
const added = (time: number) => (time - empty).toFixed(0);
const section = `## Start

${circumstances()}.

Wall-clock milliseconds from starting a process to its end, after a first run that fills Deno's caches; median of
${rounds}, in turns. The library adds **${added(source)} ms** from source and **${added(bundled)} ms** from its npm
package, whose files esbuild has joined: Deno spends the rest on opening the files one by one.

${
  table(
    ["", "median", "least"],
    programs.map(({ name, times }) => [name, median(times).toFixed(1), Math.min(...times).toFixed(1)]),
  )
}

To reproduce: \`deno task bench:start\`.`;
console.log(section);
await writeSection("start", section);

async function start(args: string[]): Promise<number> {
  const from = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["run", ...args] }).output();
  if (!success) throw new Error(`${args.join(" ")} failed`);
  return performance.now() - from;
}
