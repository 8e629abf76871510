/**
 * Builds the page as files for any host on https or localhost, where audio worklets may run.
 *
 *     deno run -A --config=examples/deno.json examples/worklet/build.ts [folder]    # default: dist/worklet
 */
import { build } from "esbuild";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { requireOutputFolder, writeOutput } from "../../package/output_folder.ts";
import { wasm } from "../../package/wasm.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url)), ROOT = join(HERE, "../..");

const folder = resolve(Deno.args[0] ?? join(ROOT, "dist/worklet"));
await requireOutputFolder(folder);
const { outputFiles } = await build({
  entryPoints: ["page.ts", "processor.ts"].map((name) => join(HERE, name)),
  outdir: HERE,
  alias: { "@unroll/rnn/inference": join(ROOT, "inference.ts"), "@unroll/rnn": join(ROOT, "mod.ts") },
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: "es2022",
  logLevel: "error",
});
const name = "inference_fast.wasm";
await writeOutput(
  folder,
  new Map([
    ["index.html", await Deno.readFile(join(HERE, "index.html"))],
    [name, wasm(name)],
    ...outputFiles.map(({ path, contents }) => [path.slice(HERE.length), contents] as const),
  ]),
);
console.log(`written: ${folder}`);
Deno.exit(); // esbuild's process keeps this one alive for a while
