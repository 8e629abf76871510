import { assert, assertEquals, assertThrows } from "@std/assert";
import { NonFiniteError, OptionError } from "../../src/errors.ts";
import { Generator } from "../../src/random/generator.ts";
import { mostProbable, sample, truncate, type Truncation } from "../../src/text/sampling.ts";

const P = Float32Array.of(0.05, 0.3, 0.1, 0.25, 0.1, 0.2);
const DRAWS = 50_000;

/**
 * Quantiles of the chi-square distribution at 1 - 1e-6, by degrees of freedom. Seed 5 is an unlikely one: with two
 * tokens it gives 13.6, beyond the quantile at 0.999 (10.83), as the only one of the seeds 0 to 399. Over these seeds
 * the normalised counts have mean 0.04 and variance 0.97.
 */
const CHI_SQUARE = [0, 23.93, 27.63, 30.66, 33.38, 35.89];

/**
 * Asserts that draws follow a distribution. A correct sampler fails for one seed in a million. An error of 0.02 in a
 * probability is detected.
 */
function assertFollows(draw: () => number, expectedShares: readonly number[]): void {
  const counts = expectedShares.map(() => 0), sum = expectedShares.reduce((a, b) => a + b);
  for (let i = 0; i < DRAWS; i++) counts[draw()]++;
  let distance = 0, possible = 0;
  expectedShares.forEach((p, token) => {
    const expected = DRAWS * p / sum;
    if (p === 0) return assertEquals(counts[token], 0, `token ${token} is impossible`);
    distance += (counts[token] - expected) ** 2 / expected;
    possible++;
  });
  assert(distance <= CHI_SQUARE[possible - 1], `chi-square ${distance} of ${counts}`);
}

const KEPT: [string, Truncation, number[]][] = [
  ["all", {}, [...P]],
  ["top-k", { topK: 3 }, [0, 0.3, 0, 0.25, 0, 0.2]],
  ["top-k, the first of equal tokens", { topK: 4 }, [0, 0.3, 0.1, 0.25, 0, 0.2]],
  ["top-k with k larger than the vocabulary", { topK: 100 }, [...P]],
  ["top-p", { topP: 0.7 }, [0, 0.3, 0, 0.25, 0, 0.2]],
  ["top-p, exactly reached", { topP: 0.54 }, [0, 0.3, 0, 0.25, 0, 0]],
  ["top-p, the first of equal tokens", { topP: 0.8 }, [0, 0.3, 0.1, 0.25, 0, 0.2]],
  ["a small top-p", { topP: 1e-9 }, [0, 0.3, 0, 0, 0, 0]],
  // Of 0.3, 0.25, 0.2 the first two have a share of 0.733.
  ["top-p of top-k", { topK: 3, topP: 0.73 }, [0, 0.3, 0, 0.25, 0, 0]],
];

for (const [name, options, wanted] of KEPT) {
  Deno.test(`${name}: the kept tokens are drawn in proportion`, () => {
    const before = P.slice(), kept = truncate(P, options), random = new Generator(5);
    assertEquals(kept, Float32Array.from(wanted));
    assertEquals(P, before);
    assertFollows(() => sample(kept, random.uniform()), wanted);
  });
}

Deno.test("top-p keeps the fewest tokens that reach the share, for any distribution", () => {
  const random = new Generator(2);
  for (let round = 0; round < 300; round++) {
    const n = 1 + random.integer(40), topP = 1 - random.uniform();
    // Coarse numbers, so that some are equal.
    const p = Float32Array.from({ length: n }, () => (1 + random.integer(9)) / 64), kept = truncate(p, { topP });
    const total = p.reduce((sum, value) => sum + value, 0), share = kept.reduce((sum, value) => sum + value, 0);
    const least = Math.min(...kept.filter((value) => value > 0));
    assert(share >= topP * total && share - least < topP * total);
    assert(p.every((value, token) => kept[token] === value || kept[token] === 0 && value <= least));
  }
});

Deno.test("an exactly reached share suffices, and impossible tokens are never kept", () => {
  assertEquals(truncate(Float32Array.of(0.25, 0.5, 0.25), { topP: 0.5 }), Float32Array.of(0, 0.5, 0));
  assertEquals(truncate(Float32Array.of(0.25, 0.5, 0, 0.25), { topK: 4 }), Float32Array.of(0.25, 0.5, 0, 0.25));
  assertThrows(() => sample(truncate(Float32Array.of(0, 0), { topK: 1 }), 0.5), NonFiniteError);
});

Deno.test("u at the ends of [0, 1) picks possible tokens", () => {
  assertEquals(sample([0, 0, 0.5, 0.5, 0], 0), 2);
  assertEquals(sample([0, 0, 0.5, 0.5, 0], 1 - 2 ** -24), 3);
  assertEquals(sample(Float32Array.of(1e-30, 0), 1 - 2 ** -24), 0);
});

Deno.test("mostProbable returns the first of the largest scores", () => {
  assertEquals(mostProbable([1, 3, 2, 3]), 1);
  assertEquals(mostProbable([-Infinity, -1e9]), 1);
});

Deno.test("invalid distributions and options out of range are refused", () => {
  for (const bad of [[0, 0], [0.5, NaN], [Infinity, 1], []]) {
    assertThrows(() => sample(bad, 0.5), NonFiniteError, "positive finite sum");
  }
  assertThrows(() => sample(truncate(Float32Array.of(0.5, NaN), { topP: 0.5 }), 0.5), NonFiniteError);
  for (const topK of [0, 1.5, -1, NaN]) assertThrows(() => truncate(P, { topK }), OptionError, '"topK"');
  for (const topP of [0, 1.1, -1, NaN]) assertThrows(() => truncate(P, { topP }), OptionError, '"topP"');
});
