import { assert, assertEquals } from "@std/assert";
import { compile } from "../../mod.ts";
import { Bundle, inChromium, inDeno, inNode, installed } from "../engines.ts";
import { HASHED_OPTIONS, hashedNet, parameterHash, THREADS } from "../fixtures/parameter_hash.ts";

const PROGRAM = new URL("../fixtures/print_parameter_hash.ts", import.meta.url), RUNS = 20;

/** Tiers for wasm and JavaScript forced, and instructions left out. */
const FLAGS = [
  [],
  ["--liftoff-only"],
  ["--no-liftoff"],
  ["--no-wasm-tier-up"],
  ["--no-wasm-dynamic-tiering"],
  ["--no-opt"],
  ["--always-sparkplug"],
  ["--stress-maglev"],
  ["--no-opt", "--no-sparkplug", "--no-maglev"],
  ["--no-enable-fma3"],
  ["--no-enable-avx"],
];

async function want(runs: number): Promise<string[]> {
  using session = await compile(hashedNet(), { ...HASHED_OPTIONS, numerics: "exact" });
  return Array(runs * THREADS.length).fill(await parameterHash(session));
}

Deno.test(`the parameters after 50 steps are the same in ${RUNS} processes`, async () => {
  using bundle = await Bundle.of(PROGRAM);
  const hashes = await want(1);
  for (let run = 0; run < RUNS; run++) assertEquals(JSON.parse(await inDeno(bundle, [])).hashes, hashes);
});

for (const flags of FLAGS) {
  Deno.test(`the same ${RUNS} times in Deno, V8 flags: ${flags.join(" ") || "none"}`, async () => {
    using bundle = await Bundle.of(PROGRAM);
    assertEquals(JSON.parse(await inDeno(bundle, flags, [String(RUNS)])).hashes, await want(RUNS));
  });
}

const node = installed("node");
Deno.test({
  name: node ? `the same ${RUNS} times in Node, in every tier` : "not tested in Node: there is no node here",
  ignore: !node,
  async fn() {
    using bundle = await Bundle.of(PROGRAM);
    const same = await want(RUNS);
    for (const flags of FLAGS) {
      const { hashes, engine } = JSON.parse(await inNode(node!, bundle, flags, [String(RUNS)]));
      assertEquals(hashes, same, `${flags}`);
      assert(engine.node && !engine.deno);
    }
  },
});

const chromium = installed("chromium", "chromium-browser", "google-chrome");
Deno.test({
  name: chromium ? "the same in Chromium, in every tier" : "not tested in Chromium: there is no chromium here",
  ignore: !chromium,
  async fn() {
    using bundle = await Bundle.of(PROGRAM);
    const same = await want(1);
    for (const flags of FLAGS) {
      const { hashes, engine } = JSON.parse(await inChromium(chromium!, bundle, flags));
      assertEquals(hashes, same, `${flags}`);
      assert(engine.includes("Chrome"), engine);
    }
  },
});
