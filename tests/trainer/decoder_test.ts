/** The trainer on pairs of sequences of mixed lengths. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { adam, clipNorm, compile, crossEntropy, evaluate, fit, perplexity, type Session } from "../../mod.ts";
import { accuracy } from "../../metrics.ts";
import { Generator } from "../../src/random/generator.ts";
import { NETS, V, W } from "../support/layers/encoder_decoder_nets.ts";

const random = new Generator(4);
const tokens = (n: number, limit: number) => Array.from({ length: n }, () => random.integer(limit));
const LENGTHS = Array.from({ length: 20 }, () => [1 + random.integer(6), 1 + random.integer(4)]);
const x = LENGTHS.map(([S]) => tokens(S, V)), decoderInput = LENGTHS.map(([, T]) => tokens(T, W));
const y = decoderInput.map((row) => row.map((token) => (token + 1) % W));
const data = { x, decoderInput, y };

function make(batchFirst = false): Promise<Session> {
  const options = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), clip: clipNorm(1), batchFirst };
  return compile(NETS["luong, general"](), { batch: 6, steps: 6, decoderSteps: 4, numerics: "exact", ...options });
}

for (const batchFirst of [false, true]) {
  Deno.test(`metrics of pairs are those of each pair by itself, batch-first ${batchFirst}`, async () => {
    using session = await make(batchFirst);
    const metrics = { accuracy: accuracy(), perplexity: perplexity() };
    const { loss, count, metrics: found } = await evaluate(session, data, { metrics });
    let sum = 0, right = 0, n = 0;
    for (let i = 0; i < x.length; i++) {
      const call = { batch: 1, decoderInput: decoderInput[i] }, part = session.evaluate({ x: x[i], y: y[i] }, call);
      const output = session.output();
      sum += part.loss * part.count;
      n += part.count;
      y[i].forEach((target, t) => {
        const row = output.subarray(t * W, (t + 1) * W);
        if (row.indexOf(Math.max(...row)) === target) right++;
      });
    }
    assertEquals(count, n);
    assertAlmostEquals(loss, sum / n, 1e-6);
    assertAlmostEquals(found.accuracy, right / n, 1e-12);
    assertAlmostEquals(found.perplexity, Math.exp(sum / n), 1e-5);
  });
}

Deno.test("fit on pairs: accumulated, with statistics, the same when resumed", async () => {
  const options = {
    epochs: 200,
    accumulate: 2,
    statistics: { every: 5 },
    evaluate: { data },
    metrics: { a: accuracy() },
  };
  using whole = await make(), cut = await make(), rest = await make();
  let last = 0, statistics = 0;
  for await (const event of fit(whole, data, options)) {
    if (event.type === "evaluation") last = event.metrics.a;
    if (event.type === "statistics") statistics += event.activations.size;
  }
  assert(last > 0.95 && statistics > 0, `accuracy ${last}`);

  const training = fit(cut, data, options);
  for await (const { step } of training) if (step === 17) break;
  rest.restore(cut.checkpoint());
  const resume = { state: training.state, tensors: training.tensors() };
  for await (const { step } of fit(rest, data, { ...options, resume })) assert(step >= 17);
  assertEquals(rest.parameters(), whole.parameters());
});
