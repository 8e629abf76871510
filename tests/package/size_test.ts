/** What a page has to fetch: entries with all that they export, minified and compressed. */
import { assert } from "@std/assert";
import { gzipSync } from "node:zlib";
import { bundle } from "../../package/bundle.ts";
import { stop } from "esbuild";

/** Most kilobytes of 1000 bytes, from the plan of the library; they were 75.7 and 39.3 when this was written. */
const LIMITS = { "mod.ts": 80, "inference.ts": 40 };

for (const [entry, limit] of Object.entries(LIMITS)) {
  Deno.test(`${entry} is at most ${limit} KB for a page`, async () => {
    const { length } = gzipSync(await bundle(entry), { level: 9 });
    assert(length <= 1000 * limit, `${length} bytes`);
    await stop();
  });
}
