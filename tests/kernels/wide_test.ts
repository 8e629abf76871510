import { assert, assertEquals } from "@std/assert";
import { compile } from "../../mod.ts";
import { fastModule } from "../../src/kernels/load.ts";
import { wideModule } from "../../src/kernels/load_wide.ts";
import { wide } from "../../wide.ts";
import { HASHED_OPTIONS, hashedNet, parameterHash } from "../support/parameter_hash.ts";

Deno.test("wide kernels train to the bits of the fast kernels, with threads too", async () => {
  using fast = await compile(hashedNet(), { ...HASHED_OPTIONS, numerics: "fast" });
  const hash = await parameterHash(fast);
  for (const numerics of [{ module: wideModule }, wide]) {
    for (const threads of [1, 2]) {
      using session = await compile(hashedNet(), { ...HASHED_OPTIONS, numerics, threads });
      assertEquals(await parameterHash(session), hash);
    }
  }
});

Deno.test("where the engine does not join operations, as Deno 2.9, the kernels are the fast ones", async () => {
  assert(await wide.module(false) === await fastModule(false));
});
