import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  compile,
  crossEntropy,
  dense,
  evaluate,
  gru,
  perplexity,
  recurrent,
  type Samples,
  sequential,
} from "../../mod.ts";
import { accuracy, confusionMatrix } from "../../metrics.ts";
import { Generator } from "../../src/random/generator.ts";

const random = new Generator(6), LENGTHS = [3, 7, 1, 5, 7, 2, 4], C = 3;
const x = LENGTHS.map((T) => Float32Array.from({ length: T * 2 }, () => random.uniform() * 4 - 2));
const y = LENGTHS.map((T) =>
  Int32Array.from({ length: T }, (_, t) => t && !random.integer(5) ? -100 : random.integer(C))
);
const perStep = LENGTHS.map((T) => Array.from({ length: T }, (_, t) => t ? random.integer(3) / 2 : 1));
const WEIGHTS: Record<string, Samples["weights"]> = {
  "no weights": undefined,
  "weights of sequences": [1, 2, 0.5, 0, 3, 1, 1],
  "weights of steps": perStep,
};
const net = sequential({ rnn: recurrent(gru(), { input: 2, hidden: 6 }), decoder: dense(6, C) });

for (const [name, weights] of Object.entries(WEIGHTS)) {
  Deno.test(`${name}: metrics of steps are those of each sequence by itself`, async () => {
    for (const batchFirst of [false, true]) {
      for (const batch of [2, 3, 7]) {
        const options = { batch: 7, steps: 7, batchFirst, numerics: "exact" } as const;
        using session = await compile(net, { ...options, loss: crossEntropy() });
        using single = await compile(net, { ...options, loss: crossEntropy({ reduction: "sum" }) });
        const matrix = Array.from({ length: C }, () => [0, 0, 0]);
        let sum = 0, all = 0;
        x.forEach((x, i) => {
          const losses = single.losses({ x, y: y[i] }, { batch: 1 }), output = single.output();
          y[i].forEach((target, t) => {
            const given = weights?.[i] ?? 1, weight = typeof given === "number" ? given : given[t];
            if (target === -100) return;
            const scores = output.subarray(t * C, (t + 1) * C);
            matrix[target][scores.indexOf(Math.max(...scores))] += weight;
            sum += weight * losses[t];
            all += weight;
          });
        });
        const metrics = { accuracy: accuracy(), confusion: confusionMatrix(), perplexity: perplexity() };
        const found = await evaluate(session, { x, y, weights }, { metrics, batch });
        assertEquals(found.metrics.confusion, matrix);
        assertEquals(found.count, all);
        assertAlmostEquals(found.metrics.accuracy, matrix.reduce((n, row, c) => n + row[c], 0) / all, 1e-12);
        // Losses are f32, summed batch by batch.
        assertAlmostEquals(found.loss, sum / all, 1e-6);
        assertAlmostEquals(found.metrics.perplexity, Math.exp(sum / all), 1e-5);
      }
    }
  });
}

Deno.test("of a summed loss, a batch without targets that count adds nothing", async () => {
  using session = await compile(net, { batch: 2, steps: 7, loss: crossEntropy({ reduction: "sum" }) });
  const data = { x: x.slice(0, 2), y: [y[0].map(() => -100), y[1]] }, mean = { perplexity: perplexity() };
  const { loss, count, metrics } = await evaluate(session, data, { metrics: mean, batch: 1 });
  const want = session.losses({ x: x[1], y: y[1] }, { batch: 1 }).reduce((a, b) => a + b, 0);
  assertAlmostEquals(loss, want, 1e-5);
  assert(Math.abs(metrics.perplexity - Math.exp(want / count)) < 1e-4);
});

Deno.test("carried states go from batch to batch, and start anew with every evaluation", async () => {
  using session = await compile(net, { batch: 1, steps: 7, loss: crossEntropy(), numerics: "exact" });
  const T = 7,
    whole = [{ x: x[1], y: new Int32Array(T) }],
    cut = [3, 2, 2].map((n, i) => {
      const from = [0, 3, 5][i];
      return { x: x[1].subarray(2 * from, 2 * (from + n)), y: new Int32Array(n) };
    });
  const want = await evaluate(session, whole);
  for (let i = 0; i < 2; i++) assertAlmostEquals((await evaluate(session, cut, { carry: true })).loss, want.loss, 1e-6);
  assert(Math.abs((await evaluate(session, cut)).loss - want.loss) > 1e-4);
});
