/** Sessions just below 2 GiB: the largest addresses are right. */
import { assert, assertEquals } from "@std/assert";
import { compile, crossEntropy, dense, embedding, lstm, recurrent, sequential, type Session, sgd } from "../../mod.ts";
import { PlanError, type States } from "../../mod.ts";
import { SequenceClassifier } from "../../models.ts";

const LIMIT = 2 ** 31;
const LEARNING = { loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }) };
const net = () =>
  sequential({
    embedding: embedding(7, 16),
    rnn: recurrent(lstm(), { input: 16, hidden: 32, output: "last" }),
    decoder: dense(32, 3),
  });

/** Bytes of a session of so many steps, which may be too many. */
async function bytesOf(steps: number, options: object): Promise<number> {
  try {
    using session = await compile(net(), { batch: 1, steps, ...options });
    return session.bytes;
  } catch (error) {
    if (error instanceof PlanError) return error.bytes;
    throw error;
  }
}

/** The largest session, and as many tokens as it takes. */
async function largest(options: object): Promise<{ session: Session; x: Int32Array }> {
  const few = await bytesOf(2e5, options);
  const each = (await bytesOf(4e5, options) - few) / 2e5;
  let T = 2e5 + Math.ceil((LIMIT - few) / each);
  while (await bytesOf(T, options) > LIMIT) T--;
  const session = await compile(net(), { batch: 1, steps: T, ...options });
  assert(session.bytes > LIMIT - 2 * each, `${session.bytes} bytes`);
  return { session, x: Int32Array.from({ length: T }, (_, i) => (i * i + (i >> 4)) % 7) };
}

for (const threads of [1, 2]) {
  const options = { numerics: "exact", threads } as const;

  Deno.test(`a net just below 2 GiB runs forward, threads: ${threads}`, async () => {
    const { session, x } = await largest(options);
    using whole = session;
    using pieces = await compile(net(), { batch: 1, steps: 1000, numerics: "exact" });
    let states: States | "zero" = "zero", output!: Float32Array;
    for (let t = 0; t < x.length; t += 1000) {
      output = pieces.forward(x.subarray(t, t + 1000), { states });
      states = pieces.states();
    }
    assertEquals(whole.forward(x), output);
  });

  Deno.test(`a net just below 2 GiB trains as one with recomputation, threads: ${threads}`, async () => {
    const { session, x } = await largest({ ...options, ...LEARNING });
    using whole = session;
    using segments = await compile(net(), { batch: 1, steps: 2000, recompute: true, numerics: "exact", ...LEARNING });
    assertEquals(whole.step({ x, y: [1] }), segments.step({ x, y: [1] }));
    assertEquals(whole.parameters(), segments.parameters());
  });
}

Deno.test("a model predicts by a net of more than 1.9 GiB", async () => {
  using model = await SequenceClassifier.create({
    tokens: 7,
    labels: [0, 1],
    hidden: 8,
    embedding: 4,
    pooling: "attention",
  });
  const steps = 8_700_000;
  const x = Int32Array.from({ length: steps }, (_, i) => (i * i) % 7);
  using net = await compile(model.net, { batch: 1, steps });
  assert(net.bytes > 1.9 * 2 ** 30, `${net.bytes} bytes`);
  net.setParameters(model.parameters());
  const [{ probabilities }] = await model.predict([x]);
  assertEquals(probabilities, net.probabilities(x));
});
