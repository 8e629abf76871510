/**
 * The npm package, in a folder of its own: ES modules by esbuild, declarations by TypeScript. It depends on nothing:
 * small packages that an entry needs are in it, with their licences, and others are peers that only those who want them
 * install.
 *
 *     deno task package:npm [folder]    # default: dist/npm; then: npm publish dist/npm
 *
 * The folder must be new, empty, or written by this program. Other files that are added to it later stay.
 */
import { build } from "esbuild";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { TARGET } from "./bundle.ts";
import { writeDeclarations } from "./declarations.ts";
import { filesOf, MARK, requireOutputFolder, writeOutput } from "./output_folder.ts";
import { notices, packages } from "./third_party.ts";
import { wasmFiles, writeWasm } from "./wasm.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** MPI is called by Deno's foreign functions, which Node does not have. */
const DENO_ONLY = ["./mpi"];

/** The entries of the package, and their files. */
export const entries: readonly (readonly [entry: string, path: string])[] = Object.entries(config.exports).filter(
  ([entry]) => !DENO_ONLY.includes(entry),
);

const COPIED = ["README.md", "CHANGELOG.md", "LICENSE", "package/Apache-2.0.txt"];

/**
 * Writes the package in place of the one that was in the folder.
 *
 * @throws {Error} When the folder is neither empty nor one that this program has written.
 */
export async function writePackage(folder: string): Promise<void> {
  await requireOutputFolder(folder);
  const built = await Deno.makeTempDir();
  try {
    await buildPackage(built);
    await writeOutput(folder, await filesOf(built));
  } finally {
    await Deno.remove(built, { recursive: true });
  }
}

async function buildPackage(folder: string): Promise<void> {
  const files = entries.map(([, path]) => path.slice("./".length));
  const peers: Record<string, string> = {};
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: files,
    outdir: folder,
    bundle: true,
    splitting: true, // what two entries import is one module, so that a class is one class
    chunkNames: "shared-[hash]",
    format: "esm",
    target: TARGET,
    external: ["node:*"],
    plugins: [packages(peers)],
    metafile: true,
    logLevel: "error",
  });
  writeDeclarations(ROOT.replace(/[\\/]$/, ""), files, folder);
  await writeWasm(folder);
  for (const name of COPIED) await Deno.copyFile(join(ROOT, name), join(folder, basename(name)));
  await Deno.writeTextFile(join(folder, "THIRD_PARTY.md"), await notices(metafile, ROOT));
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest(peers), null, 2) + "\n");
}

function manifest(peers: Record<string, string>): unknown {
  const { name, version, license } = config;
  return {
    name,
    version,
    description: "Recurrent neural nets for Deno, Node and the web, on WebAssembly SIMD",
    keywords: ["rnn", "lstm", "gru", "neural-network", "machine-learning", "webassembly", "simd"],
    license,
    type: "module",
    sideEffects: false,
    files: ["**/*", `!${MARK}`],
    engines: { node: ">=20.16" },
    main: "./mod.js", // for who does not read "exports"
    types: "./mod.d.ts",
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(Object.keys(peers).map((name) => [name, { optional: true }])),
    exports: Object.fromEntries([
      ...entries.map(([entry, path]) => {
        const base = path.replace(/\.ts$/, "");
        return [entry, { types: `${base}.d.ts`, default: `${base}.js` }];
      }),
      ...wasmFiles.map((name) => [`./${name}`, { types: `./${name}.d.ts`, default: `./${name}` }]),
    ]),
  };
}

if (import.meta.main) {
  const folder = resolve(Deno.args[0] ?? join(ROOT, "dist/npm"));
  await writePackage(folder);
  console.log(`written: ${folder}`);
}
