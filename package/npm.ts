/**
 * The npm package, in a folder of its own: ES modules by esbuild, declarations by TypeScript. It depends on nothing.
 *
 *     deno task package:npm [folder]    # default: dist/npm; then: npm publish dist/npm
 */
import { build } from "esbuild";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { TARGET } from "./bundle.ts";
import { writeDeclarations } from "./declarations.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COPIED = ["README.md", "CHANGELOG.md", "LICENSE"];

/** Write the package; what was in the folder before is deleted. */
export async function writePackage(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const entries = Object.values(config.exports).map((path) => path.slice("./".length));
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries,
    outdir: folder,
    bundle: true,
    splitting: true, // what two entries import is one module, so that a class is one class
    chunkNames: "shared-[hash]",
    format: "esm",
    target: TARGET,
    logLevel: "error",
  });
  writeDeclarations(ROOT.replace(/[\\/]$/, ""), entries, folder);
  for (const name of COPIED) await Deno.copyFile(join(ROOT, name), join(folder, name));
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest(), null, 2) + "\n");
}

function manifest(): unknown {
  const { name, version, license, exports } = config;
  return {
    name,
    version,
    description: "Recurrent neural nets for Deno, Node and the web, on WebAssembly SIMD",
    keywords: ["rnn", "lstm", "gru", "neural-network", "machine-learning", "webassembly", "simd"],
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: Object.fromEntries(
      Object.entries(exports).map(([entry, path]) => {
        const base = path.replace(/\.ts$/, "");
        return [entry, { types: `${base}.d.ts`, default: `${base}.js` }];
      }),
    ),
  };
}

if (import.meta.main) {
  const folder = resolve(Deno.args[0] ?? join(ROOT, "dist/npm"));
  await writePackage(folder);
  console.log(`written: ${folder}`);
}
