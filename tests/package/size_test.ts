/** What a page has to fetch: entries with all that they export, minified and compressed. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { Folder } from "../support/files/folder.ts";
import { bundle } from "../support/package/programs.ts";

const ROOT = new URL("../../", import.meta.url);

/** Most kilobytes of 1000 bytes. */
const LIMITS = { "mod.ts": 80, "inference.ts": 42 };

/** The folders that are no entry's own. */
const CORE = ["memory", "kernels", "threads", "ops", "cells", "layers", "training", "runtime", "session", "trainer"]
  .concat("decoding", "models", "text", "formats", "random");
const CORE_FILE = new RegExp(`^(mod|inference)\\.ts$|^src/((errors|options|resource)\\.ts|(${CORE.join("|")})/)`);

/** The bundle of an entry, and the files that it is made of. */
async function bundled(entry: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; parts: string[] }> {
  using folder = new Folder();
  const file = folder.file("bundle.js");
  const parts = await bundle(new URL(entry, ROOT), file);
  return { bytes: await Deno.readFile(file), parts };
}

for (const [entry, limit] of Object.entries(LIMITS)) {
  Deno.test(`${entry} is at most ${limit} KB for a page`, async () => {
    const { length } = gzipSync((await bundled(entry)).bytes, { level: 9 });
    assert(length <= 1000 * limit, `${length} bytes`);
  });

  Deno.test(`nothing of the other entries is in ${entry}`, async () => {
    const { parts } = await bundled(entry);
    assert(parts.includes("src/layers/recurrent.ts"), "the files of the entry are found");
    assertEquals(parts.filter((path) => !CORE_FILE.test(path)), []);
  });
}

Deno.test("tfjs.ts has no HDF5 and no zip, whose packages only keras.ts needs", async () => {
  const { parts } = await bundled("tfjs.ts");
  assert(parts.includes("src/keras/files/tfjs_manifest.ts"), "the files of tfjs.ts are found");
  assertEquals(parts.filter((path) => /hdf5|zip|node_modules|npm:/.test(path)), []);
});
