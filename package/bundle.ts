/**
 * An entry of the library in one minified file, as a bundler makes it for a page.
 *
 *     deno run -A package/bundle.ts ENTRY FILE    # writes FILE; prints the files that it is made of, one a line
 */
import { build, stop } from "esbuild";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packages } from "./third_party.ts";

/** Engines without `using`, as most browsers and Node 20 are, get it rewritten. */
export const TARGET = "es2022";

if (import.meta.main) {
  const [entry, file] = Deno.args;
  const { metafile } = await build({
    entryPoints: [resolve(entry)],
    outfile: resolve(file),
    absWorkingDir: fileURLToPath(new URL("../", import.meta.url)), // the paths of the parts are relative to this folder
    bundle: true,
    minify: true,
    metafile: true,
    format: "esm",
    target: TARGET,
    external: ["node:*"],
    plugins: [packages({})],
    logLevel: "error",
  });
  console.log(Object.keys(metafile.inputs).join("\n"));
  await stop(); // its process would keep this one alive for a while
}
