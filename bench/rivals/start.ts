/**
 * Time that the library adds to the start of a program: import and first LSTM step in a new process, compared with an
 * empty program. The library is imported from its source, one module a file, and from its npm package, as a bundle.
 * Writes its section of ../RESULTS.md.
 *
 *     deno task bench:start [--rounds 21]
 */
import { parseArgs } from "node:util";
import { median } from "../measure.ts";
import { circumstances, table, writeSection } from "./report.ts";

const folder = await Deno.makeTempDir();
const config = `${folder}/deno.json`, empty = `${folder}/empty.ts`;
const packaging = ["run", "-A", "--quiet", "../../package/npm.ts", `${folder}/package`];
const packaged = await new Deno.Command(Deno.execPath(), { args: packaging, stdout: "null", stderr: "inherit" })
  .output();
if (!packaged.success) Deno.exit(1);
await Deno.writeTextFile(config, JSON.stringify({ imports: { "@unroll/rnn": "./package/mod.js" } }));
await Deno.writeTextFile(empty, "");
const PROGRAMS = {
  "empty program": [empty],
  "import and first step of an LSTM 128, from source": ["first_step.ts"],
  "the same, from the npm package": ["--config", config, "first_step.ts"],
};

const { values } = parseArgs({ options: { rounds: { type: "string", default: "21" } } });
const rounds = Number(values.rounds);
const programs = Object.entries(PROGRAMS).map(([name, args]) => ({ name, args, times: [] as number[] }));
for (let round = -1; round < rounds; round++) {
  for (const { args, times } of programs) {
    const time = await start(args);
    if (round >= 0) times.push(time); // the first round fills the caches
  }
}
await Deno.remove(folder, { recursive: true });
const [base, source, bundled] = programs.map(({ times }) => median(times));
const added = (time: number) => (time - base).toFixed(0);
const section = `## Start

${circumstances()}.

Wall-clock milliseconds of a process from start to end, after a first run that fills Deno's caches: median of ${rounds},
in turns. The library adds **${added(source)} ms** from source and **${
  added(bundled)
} ms** from its npm package. esbuild
bundles the package's files. Deno spends the difference on opening the source files one by one.

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
  if (!success) throw new Error(`Cannot run ${args.join(" ")}: expected exit code 0`);
  return performance.now() - from;
}
