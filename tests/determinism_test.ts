import { assertEquals } from "@std/assert";
import { compile } from "../mod.ts";
import { compileReference } from "./support/compile_reference.ts";
import { Bundle, inDeno, inNode, installed } from "./support/engines.ts";
import { HASHED_OPTIONS, hashedNet, parameterHash, THREADS } from "./support/parameter_hash.ts";

const PROGRAM = new URL("./support/programs/print_parameter_hash.ts", import.meta.url);

async function here(threads = 1): Promise<string> {
  using session = await compile(hashedNet(), { ...HASHED_OPTIONS, numerics: "exact", threads });
  assertEquals(session.threads, threads);
  return await parameterHash(session);
}

Deno.test("the parameters after 50 steps are the same in every run, for any threads, and those of the scalar reference", async () => {
  const want = await here();
  for (const threads of THREADS) assertEquals(await here(threads), want, `${threads} threads`);
  using reference = compileReference(hashedNet(), HASHED_OPTIONS, "f32");
  assertEquals(await parameterHash(reference), want);
});

Deno.test("the parameters after 50 steps are the same in both tiers of V8, and in Node", async () => {
  const hash = await here(), want = THREADS.map(() => hash), node = installed("node");
  using bundle = await Bundle.of(PROGRAM);
  const results = [inDeno(bundle, ["--liftoff-only"]), inDeno(bundle, ["--no-liftoff"])];
  if (node) results.push(inNode(node, bundle, []));
  else console.log("not tested: there is no node here");
  for (const result of await Promise.all(results)) {
    const { hashes, threads } = JSON.parse(result);
    assertEquals([hashes, threads], [want, THREADS]);
  }
});
