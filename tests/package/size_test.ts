/** What a page has to fetch: entries with all that they export, minified and compressed. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import config from "../../deno.json" with { type: "json" };
import { Folder } from "../support/files/folder.ts";
import { bundle } from "../support/package/programs.ts";

const ROOT = new URL("../../", import.meta.url);

/**
 * What a page may take from a file, and the most kilobytes of 1000 bytes that it fetches for it. Deno's gzip makes up
 * to 2 % more of it than zlib, which servers have: 51.4 instead of 50.6 KB for `compile`.
 */
const PAGES: readonly (readonly [exports: string, file: string, limit: number])[] = [
  ["*", "mod.ts", 80],
  ["{ compile, gru, recurrent }", "mod.ts", 54],
  ["*", "inference.ts", 42],
  ["{ loadLanguageModel }", "run.ts", 50],
];

/** Bytes that a page may fetch for an entry that it takes nothing from: constants such as 2 ** 31, and a base class. */
const LEFT = 600;

/** The folders that are no entry's own. */
const CORE = ["memory", "kernels", "threads", "ops", "cells", "layers", "training", "runtime", "session", "trainer"]
  .concat("decoding", "models", "text", "formats", "random");
const CORE_FILE = new RegExp(
  `^(mod|models|inference|run)\\.ts$|page\\.js$|^src/((errors|options|resource)\\.ts|(${CORE.join("|")})/)`,
);

/** The bundle of what a page takes from an entry, and the files that it is made of. */
async function bundled(exports: string, entry: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; parts: string[] }> {
  using folder = new Folder();
  const page = folder.file("page.js"), file = folder.file("bundle.js");
  await Deno.writeTextFile(page, `export ${exports} from ${JSON.stringify(fileURLToPath(new URL(entry, ROOT)))};`);
  const parts = await bundle(pathToFileURL(page), file);
  return { bytes: await Deno.readFile(file), parts };
}

for (const [exports, entry, limit] of PAGES) {
  Deno.test(`${exports} of ${entry} is at most ${limit} KB for a page`, async () => {
    const { length } = gzipSync((await bundled(exports, entry)).bytes, { level: 9 });
    assert(length <= 1000 * limit, `${length} bytes`);
  });
}

for (const entry of Object.values(config.exports)) {
  Deno.test(`a page that takes nothing from ${entry} fetches nothing for it`, async () => {
    const text = new TextDecoder().decode((await bundled("{}", entry)).bytes);
    // What a file imports of Node stays: a bundler cannot see into it.
    const { length } = text.replaceAll(/\bimport[^;]*?from"node:[^"]*";/g, "");
    assert(length <= LEFT, `${length} bytes`);
  });
}

for (const entry of ["mod.ts", "models.ts", "inference.ts", "run.ts"]) {
  Deno.test(`nothing of the other entries is in ${entry}`, async () => {
    const { parts } = await bundled("*", entry);
    assert(parts.includes("src/layers/recurrent.ts"), "the files of the entry are found");
    assertEquals(parts.filter((path) => !CORE_FILE.test(path)), []);
  });
}

Deno.test("tfjs.ts has no HDF5 and no zip, whose packages only keras.ts needs", async () => {
  const { parts } = await bundled("*", "tfjs.ts");
  assert(parts.includes("src/keras/files/tfjs_manifest.ts"), "the files of tfjs.ts are found");
  assertEquals(parts.filter((path) => /hdf5|zip|fflate|h5wasm/.test(path)), []);
});
