import { assert } from "@std/assert";
import { readMutations } from "../support/formats/mutations.ts";

Deno.test("10000 files with random faults are read or refused without a hang", () => {
  const read = readMutations(1e4, 1, 10_000); // a file takes 0.05 ms, so 10,000 ms are a hang
  assert(read > 100 && read < 9000, `${read} were read`);
});
