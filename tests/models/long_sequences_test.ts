/** Sequences in pieces: the bits of the whole, in little memory. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Pooling, SequenceClassifier, SequenceTagger } from "../../models.ts";
import { compile, gru, LanguageModel, lstm, PlanError } from "../../mod.ts";
import { memoriesOf } from "../support/memories.ts";

const LONG = Int32Array.from({ length: 100_000 }, (_, i) => (i * i + (i >> 5)) % 7);
const SIZES = { cell: gru(), hidden: 8, seed: 1, numerics: "exact" } as const;

for (const pooling of ["last", "mean", "max"] as Pooling[]) {
  Deno.test(`predict of 100,000 steps has the bits of the whole in less than 2 MB: ${pooling}`, async () => {
    using model = await SequenceClassifier.create({ tokens: 7, labels: ["x", "y"], pooling, ...SIZES });
    const { result: [{ probabilities }], bytes } = await memoriesOf(() => model.predict([LONG]));
    assert(bytes < 2e6, `${bytes} bytes`);
    using whole = await compile(model.net, { batch: 1, steps: LONG.length, numerics: "exact" });
    whole.setParameters(model.parameters());
    assertEquals(probabilities, whole.probabilities(LONG));
  });
}

Deno.test("a tagger reads 100,000 steps in pieces, beside shorter sequences", async () => {
  using model = await SequenceTagger.create({ tokens: 7, labels: [0, 1], bidirectional: false, ...SIZES });
  const shorter = [LONG.subarray(0, 700), LONG.subarray(3, 4), LONG.subarray(100, 1124)];
  const together = await model.predict([...shorter, LONG]);
  using whole = await compile(model.net, { batch: 1, steps: LONG.length, numerics: "exact" });
  whole.setParameters(model.parameters());
  for (const [i, sequence] of [...shorter, LONG].entries()) {
    const rows = together[i].outputs.flatMap((output) => [...output]);
    assertEquals(Float32Array.from(rows), whole.probabilities(sequence));
  }
});

Deno.test("batch, unroll and steps are the plan, and errors speak of them", async () => {
  using model = await LanguageModel.create("abc".repeat(50), { cell: lstm(), hidden: 2048 });
  const { bytes } = await memoriesOf(() => model.fit("abc".repeat(50), { batch: 1, unroll: 2, steps: 1 }));
  const { bytes: ten } = await memoriesOf(() => model.fit("abc".repeat(50), { batch: 10, unroll: 10, steps: 1 }));
  assert(ten > bytes + 9 * 10 * 2048 * 4 * 4, `${bytes} bytes for one row of 2 steps, ${ten} for 10 of 10`);
  const error = await assertRejects(async () => {
    await model.fit("abc".repeat(50_000), { batch: 300, unroll: 400 });
  }, PlanError);
  assert(/300/.test(error.message) && /400/.test(error.message), error.message);
});

Deno.test("a net that must see a sequence whole says what it needs", async () => {
  using model = await SequenceClassifier.create({
    tokens: 7,
    labels: ["x", "y"],
    pooling: "attention",
    ...SIZES,
    hidden: 64,
  });
  const error = await assertRejects(() => model.predict([new Int32Array(3_000_000)]), PlanError);
  assert(error.bytes > 2 ** 31 && /3000000|3,000,000/.test(error.message), error.message);
});
