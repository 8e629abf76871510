/** An entry of the library in one minified file, as a bundler makes it for a page. */
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

/** Engines without `using`, as most browsers and Node 20 are, get it rewritten. */
export const TARGET = "es2022";

/** The bytes of `mod.ts`, `inference.ts` ... with all that it exports. */
export async function bundle(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  const { outputFiles: [{ contents }] } = await built(entry);
  return new Uint8Array(contents);
}

/** The files that an entry's bundle is made of, by their paths from the root of the repository. */
export async function bundledFiles(entry: string): Promise<string[]> {
  return Object.keys((await built(entry)).metafile.inputs);
}

function built(entry: string) {
  return build({
    entryPoints: [entry],
    absWorkingDir: fileURLToPath(new URL("../", import.meta.url)),
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: TARGET,
    external: ["node:*"],
    logLevel: "error",
  });
}
