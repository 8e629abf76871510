import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Metric, OptionError, perplexity, ShapeError } from "../../mod.ts";
import { accuracy, confusionMatrix, f1, precision, recall } from "../../metrics.ts";
import type { EvaluatedBatch, Layout } from "../../mod.ts";

const LAYOUT: Layout = {
  kind: "values",
  columns: 1,
  output: 3,
  batchFirst: false,
  targets: "sequence",
  reduction: "mean",
  longest: 1,
};

/** A batch with these predictions. */
function batch(y: number[], predicted: number[], weights = y.map(() => 1), output = 3): EvaluatedBatch {
  const scores = predicted.flatMap((c) => output === 1 ? [c - 0.5] : [0, 1, 2].map((k) => k === c ? 0.25 : -1 - k));
  return {
    layout: { ...LAYOUT, output },
    output: Float32Array.from(scores),
    y,
    loss: 0.5,
    count: y.length,
    forEach: (visit) => y.forEach((_, row) => weights[row] && visit(row, weights[row])),
  };
}

function measure<Value>(metric: Metric<Value>, ...batches: EvaluatedBatch[]): Value {
  const tally = metric.start();
  for (const batch of batches) tally.add(batch);
  return tally.value();
}

/** The example of scikit-learn's documentation of precision_recall_fscore_support, and its numbers. */
const Y = [0, 1, 2, 0, 1, 2], PREDICTED = [0, 2, 1, 0, 0, 1];

Deno.test("the values are those of scikit-learn's documentation", () => {
  const given: [Metric, number][] = [
    [accuracy(), 2 / 6],
    [precision(), 0.2222222222],
    [precision({ average: "micro" }), 1 / 3],
    [precision({ average: "weighted" }), 0.2222222222],
    [precision({ average: 0 }), 2 / 3],
    [recall(), 1 / 3],
    [recall({ average: 0 }), 1],
    [recall({ average: 2 }), 0],
    [f1(), 0.2666666667],
    [f1({ average: "micro" }), 1 / 3],
    [f1({ average: 0 }), 0.8],
  ];
  for (const [metric, value] of given) assertAlmostEquals(measure(metric, batch(Y, PREDICTED)), value, 1e-9);
  assertEquals(measure(confusionMatrix(), batch(Y, PREDICTED)), [[2, 0, 0], [1, 0, 1], [0, 2, 0]]);
});

Deno.test("batches add up, weights count, and ignored targets do not count", () => {
  const whole = batch([...Y, 1], [...PREDICTED, 1]);
  for (const make of [accuracy, precision, recall, f1, confusionMatrix] as (() => Metric<unknown>)[]) {
    const want = measure(make(), whole);
    assertEquals(measure(make(), batch(Y, PREDICTED), batch([1], [1])), want);
    assertEquals(
      measure(make(), batch([...Y, 1, -100, 0], [...PREDICTED, 1, 0, 2], [1, 1, 1, 1, 1, 1, 1, 1, 0])),
      want,
    );
    assertEquals(
      measure(make(), batch([2, ...Y, 1, 1], [2, ...PREDICTED, 1, 1], [0, 1, 1, 1, 1, 1, 1, 0.5, 0.5])),
      want,
    );
  }
  assertEquals(measure(accuracy({ ignoreIndex: 0 }), batch(Y, PREDICTED)), 0);
  assertEquals(measure(recall({ average: "weighted" }), batch([0, 1], [0, 0], [3, 1])), 0.75);
});

Deno.test("classes that neither occur nor are predicted do not count in the mean; an empty ratio is 0", () => {
  assertEquals(measure(precision(), batch([0, 0], [0, 0])), 1);
  assertEquals(measure(recall(), batch([0, 0], [0, 1])), 0.25);
  assertEquals(measure(f1({ average: 2 }), batch([0, 0], [0, 1])), 0);
});

Deno.test("one output is the logit of class 1", () => {
  const binary = batch([0, 1, 1, 0], [0, 1, 0, 1], undefined, 1);
  assertEquals(measure(confusionMatrix(), binary), [[1, 1], [1, 1]]);
  assertEquals(measure(f1({ average: 1 }), binary), 0.5);
});

Deno.test("perplexity is e to the mean loss of all targets together, for both reductions", () => {
  const one = { ...batch([0], [0]), loss: 1, count: 1 }, three = { ...batch([0], [0]), loss: 2, count: 3 };
  assertAlmostEquals(measure(perplexity(), one, three), Math.exp(7 / 4), 1e-12);
  const sums = [one, three].map((each) => ({ ...each, layout: { ...LAYOUT, reduction: "sum" as const } }));
  assertAlmostEquals(measure(perplexity(), ...sums), Math.exp(3 / 4), 1e-12);
});

Deno.test("targets that are not classes are refused", () => {
  assertThrows(() => f1({ average: "most" as "macro" }), OptionError, '"average"');
  assertThrows(() => recall({ average: -1 }), OptionError, '"average"');
  assertThrows(() => measure(recall({ average: 3 }), batch(Y, PREDICTED)), OptionError, "from 0 to 2, got 3");
  assertThrows(() => measure(accuracy(), { ...batch(Y, PREDICTED), y: [1] }), ShapeError, "a class for each of 6 rows");
  assertThrows(() => measure(accuracy(), batch([0.5], [0])), OptionError, "got 0.5 at 0");
  const labels = { ...batch(Y, PREDICTED), layout: { ...LAYOUT, targets: "labels" as const } };
  assertThrows(() => measure(accuracy(), labels), OptionError, "labels");
});
