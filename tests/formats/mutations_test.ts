import { assert } from "@std/assert";
import { readMutations } from "./mutations.ts";

Deno.test("10000 files that are wrong at random are read or refused, at once", () => {
  const read = readMutations(1e4, 1, 1000); // a file takes some 20 us; a second is a hang even on a busy machine
  assert(read > 100 && read < 9000, `${read} were read`);
});
