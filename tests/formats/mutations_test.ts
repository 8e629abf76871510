import { assert } from "@std/assert";
import { readMutations } from "./mutations.ts";

Deno.test("10000 files that are wrong at random are read or refused, at once", () => {
  const read = readMutations(1e4, 1, 10_000); // milliseconds; a file takes 0.05, so that ten seconds are a hang
  assert(read > 100 && read < 9000, `${read} were read`);
});
