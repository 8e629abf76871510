/** What a page has to fetch: entries with all that they export, minified and compressed. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { bundle, bundledFiles } from "../../package/bundle.ts";
import { stop } from "esbuild";

/** Most kilobytes of 1000 bytes, from the plan of the library; they were 75.7 and 39.3 when this was written. */
const LIMITS = { "mod.ts": 80, "inference.ts": 40 };

/** The files of the library that are no entry's own. */
const CORE =
  /^(mod|inference)\.ts$|^src\/(errors\.ts|(memory|kernels|threads|ops|cells|layers|training|runtime|session|trainer|decoding|models|text|formats|random)\/)/;

for (const [entry, limit] of Object.entries(LIMITS)) {
  Deno.test(`${entry} is at most ${limit} KB for a page`, async () => {
    const { length } = gzipSync(await bundle(entry), { level: 9 });
    assert(length <= 1000 * limit, `${length} bytes`);
    await stop();
  });
}

Deno.test("tfjs.ts has no HDF5 and no zip, whose packages only keras.ts needs", async () => {
  const files = await bundledFiles("tfjs.ts");
  assert(files.includes("src/keras/files/tfjs_manifest.ts"), "the files of tfjs.ts are found");
  assertEquals(files.filter((path) => /hdf5|zip|node_modules|npm:/.test(path)), []);
  await stop();
});

Deno.test("nothing of the other entries is in mod.ts and inference.ts", async () => {
  for (const entry of Object.keys(LIMITS)) {
    const files = await bundledFiles(entry), others = files.filter((path) => !CORE.test(path));
    assert(files.includes("src/layers/recurrent.ts"), `the files of ${entry} are found`);
    assertEquals(others, []);
  }
  await stop();
});
