import { assert, assertEquals } from "@std/assert";
import { compile } from "../../mod.ts";
import { chromium, inBrowser } from "../support/browsers.ts";
import { Bundle, inDeno, inNode, installed } from "../support/engines.ts";
import { HASHED_OPTIONS, hashedNet, parameterHash, THREADS } from "../support/parameter_hash.ts";

const PROGRAM = new URL("../support/programs/print_parameter_hash.ts", import.meta.url), RUNS = 20;
/** Runs of each number of threads where the engine works in an unusual way. */
const FEW = 3;

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

/** The hash for so many runs of each number of threads. */
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
  const runs = flags.length ? FEW : RUNS;
  Deno.test(`the same ${runs} times in Deno, V8 flags: ${flags.join(" ") || "none"}`, async () => {
    using bundle = await Bundle.of(PROGRAM);
    const { hashes, threads } = JSON.parse(await inDeno(bundle, flags, [String(runs)]));
    assertEquals([hashes, threads], [await want(runs), THREADS]);
  });
}

const node = installed("node");
Deno.test({
  name: node ? `the same ${RUNS} times in Node, and in every tier` : "not tested in Node: there is no node here",
  ignore: !node,
  async fn() {
    using bundle = await Bundle.of(PROGRAM);
    for (const flags of FLAGS) {
      const runs = flags.length ? FEW : RUNS;
      const { hashes, threads, engine } = JSON.parse(await inNode(node!, bundle, flags, [String(runs)]));
      assertEquals([hashes, threads], [await want(runs), THREADS], `${flags}`);
      assert(engine.node && !engine.deno);
    }
  },
});

const browser = installed(...chromium().commands);
Deno.test({
  name: browser ? "the same in Chromium, in every tier" : "not tested in Chromium: there is no chromium here",
  ignore: !browser,
  async fn() {
    using bundle = await Bundle.of(PROGRAM);
    const same = await want(1);
    for (const flags of FLAGS) {
      const { hashes, threads, engine } = JSON.parse(
        await inBrowser(chromium(...flags), browser!, bundle, { where: "worker" }),
      );
      assertEquals(hashes, same, `${flags}`);
      assertEquals(threads, THREADS, `${flags}`);
      assert(engine.includes("Chrome"), engine);
    }
  },
});
