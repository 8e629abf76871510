import { readMutations } from "../support/formats/mutations.ts";

Deno.test("a million files that are wrong at random are read or refused, at once", () => {
  for (let seed = 2; seed < 12; seed++) readMutations(1e5, seed, 10_000);
});
