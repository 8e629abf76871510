import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Curve, Snapshots } from "../../src/report/series.ts";

Deno.test("a curve of few numbers has a point for each number", () => {
  const curve = new Curve();
  for (const step of [1, 4, 9]) curve.add(step, 10 * step);
  curve.add(10, NaN);
  assertEquals(
    curve.points(),
    [1, 4, 9].map((step) => ({ from: step, to: step, mean: 10 * step, low: 10 * step, high: 10 * step })),
  );
  assertEquals([curve.count, curve.nonFinite, curve.mean], [3, 1, 140 / 3]);
  assertEquals([curve.first, curve.last, curve.minimum].map((each) => each!.step), [1, 9, 1]);
});

Deno.test("a curve of many numbers has mean, minimum and maximum of neighbours, and counts each number once", () => {
  for (const n of [400, 401, 402, 1000, 12_345]) {
    const curve = new Curve(), value = (step: number) => (step * 7919) % 1000;
    for (let step = 1; step <= n; step++) curve.add(step, value(step));
    const points = curve.points();
    assert(points.length <= 400 && points.length >= Math.min(n, 200), `${n}: ${points.length} points`);
    let next = 1;
    for (const { from, to, mean, low, high } of points) {
      assertEquals(from, next);
      next = to + 1;
      const values = Array.from({ length: to - from + 1 }, (_, i) => value(from + i));
      assertAlmostEquals(mean, values.reduce((a, b) => a + b) / values.length, 1e-9);
      assertEquals([low, high], [Math.min(...values), Math.max(...values)]);
    }
    assertEquals(next, n + 1);
    // All points but the last, which may be incomplete, cover the same number of steps.
    assertEquals(new Set(points.slice(0, -1).map(({ from, to }) => to - from)).size, 1);
    assert(curve.points(50).length <= 50 && curve.points(50).at(-1)!.to === n);
    assertEquals(curve.count, n);
  }
});

Deno.test("snapshots are evenly spaced and always contain the last value", () => {
  for (const n of [1, 5, 6, 7, 100, 1001]) {
    const snapshots = new Snapshots<string>(5);
    for (let step = 1; step <= n; step++) snapshots.add(step, `at ${step}`);
    const all = snapshots.all(), steps = all.map(({ step }) => step);
    assertEquals(all.map(({ value }) => value), steps.map((step) => `at ${step}`));
    assert(all.length <= 6 && all.length >= Math.min(n, 3), `${n}: ${steps}`);
    assertEquals([steps[0], steps.at(-1)], [1, n]);
    const gaps = steps.slice(1).map((step, i) => step - steps[i]).slice(0, -1);
    assert(new Set(gaps).size <= 1, `${n}: ${steps}`);
    const few = snapshots.all(3).map(({ step }) => step);
    assert(few.length <= 3 && few.at(-1) === n && few[0] === 1);
  }
});
