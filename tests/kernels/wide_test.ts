import { assertEquals } from "@std/assert";
import { compile } from "../../mod.ts";
import { wide } from "../../wide.ts";
import { HASHED_OPTIONS, hashedNet, parameterHash } from "../support/parameter_hash.ts";

Deno.test("wide kernels train to the bits of the fast kernels, with threads too", async () => {
  using fast = await compile(hashedNet(), { ...HASHED_OPTIONS, numerics: "fast" });
  const hash = await parameterHash(fast);
  for (const threads of [1, 2]) {
    using session = await compile(hashedNet(), { ...HASHED_OPTIONS, numerics: wide, threads });
    assertEquals(await parameterHash(session), hash);
  }
});
