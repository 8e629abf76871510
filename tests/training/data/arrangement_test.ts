import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Generator } from "../../../mod.ts";
import { arrange, type Arrangement } from "../../../src/training/data/arrangement.ts";

const random = new Generator(1);
const STEPS = Int32Array.from({ length: 203 }, () => 1 + random.integer(50));
const OPTIONS: Arrangement = { batch: 8, shuffle: true, seed: 3, bucket: 5 };

/** The number of steps of a batch: that of its longest sample. */
function padded(batches: number[][]): number {
  return batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map((i) => STEPS[i])), 0);
}

Deno.test("every epoch has every sample once, and all batches but one are full", () => {
  for (const shuffle of [true, false]) {
    for (const bucket of [1, 5, 1000]) {
      const batches = arrange(STEPS, 4, { ...OPTIONS, shuffle, bucket });
      assertEquals(batches.flat().toSorted((a, b) => a - b), Array.from(STEPS, (_, i) => i));
      assertEquals(batches.map(({ length }) => length).toSorted((a, b) => a - b), [3, ...new Array(25).fill(8)]);
    }
  }
});

Deno.test("the order depends on seed and epoch only", () => {
  const first = arrange(STEPS, 1, OPTIONS);
  assertEquals(arrange(STEPS, 1, OPTIONS), first);
  assertNotEquals(arrange(STEPS, 2, OPTIONS), first);
  assertNotEquals(arrange(STEPS, 1, { ...OPTIONS, seed: 4 }), first);
  const inOrder = arrange(STEPS, 1, { ...OPTIONS, shuffle: false, bucket: 1 });
  assertEquals(inOrder.flat(), Array.from(STEPS, (_, i) => i));
  assertEquals(arrange(STEPS, 2, { ...OPTIONS, shuffle: false, bucket: 1 }), inOrder);
  const sorted = arrange(STEPS, 1, { ...OPTIONS, shuffle: false, bucket: Number.MAX_SAFE_INTEGER }).flat();
  assertEquals(sorted.map((i) => STEPS[i]), Array.from(STEPS.toSorted()));
});

Deno.test("larger buckets leave less padding, and batches of one epoch are not sorted", () => {
  const steps = STEPS.reduce((a, b) => a + b),
    [none, some, all] = [1, 5, 1000].map((bucket) => {
      return padded(arrange(STEPS, 1, { ...OPTIONS, bucket })) / steps;
    });
  // The longest of 8 lengths from 1 to 50 is 1.8 times the mean. With 40 sorted lengths, a batch spans a fifth of the
  // range.
  assert(none > 1.6 && some < 1.25 && all < 1.05, `${[none, some, all]}`);
  const longest = arrange(STEPS, 1, { ...OPTIONS, bucket: 1000 }).map((batch) =>
    Math.max(...batch.map((i) => STEPS[i]))
  );
  assertNotEquals(longest, longest.toSorted((a, b) => a - b));
});

Deno.test("samples of one length stay in random order", () => {
  const same = new Int32Array(64).fill(7), batches = arrange(same, 1, OPTIONS);
  assert(batches.some((batch) => batch.some((i, k) => k && i < batch[k - 1])));
});
