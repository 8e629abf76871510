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

const folder = await Deno.makeTempDir();
await writePackage(`${folder}/package`);
const fromSource = await Deno.readTextFile("start/first_step.ts");
await Deno.writeTextFile(`${folder}/first_step.ts`, fromSource.replace("../../../mod.ts", "./package/mod.js"));
const PROGRAMS = {
  "empty program": "start/empty.ts",
  "import and first step of an LSTM 128, from source": "start/first_step.ts",
  "the same, from the npm package": `${folder}/first_step.ts`,
};

const { values } = parseArgs({ options: { rounds: { type: "string", default: "21" } } });
const rounds = Number(values.rounds);
const programs = Object.entries(PROGRAMS).map(([name, file]) => ({ name, file, times: [] as number[] }));
for (let round = -1; round < rounds; round++) {
  for (const { file, times } of programs) {
    const time = await start(file);
    if (round >= 0) times.push(time); // after the first, everything is cached
  }
}
await Deno.remove(folder, { recursive: true });
const [empty, source, bundled] = programs.map(({ times }) => median(times));
const section = `## Start

${circumstances()}.

Wall-clock milliseconds from starting a process to its end, after a first run that fills Deno's caches; median of
${rounds}, in turns. The library adds **${(source - empty).toFixed(0)} ms** from source and **${
  (bundled - empty).toFixed(0)
} ms** from its npm
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

async function start(file: string): Promise<number> {
  const from = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["run", file] }).output();
  if (!success) throw new Error(`${file} failed`);
  return performance.now() - from;
}
