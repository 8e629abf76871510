/** Sequences in pieces: the bits of the whole, in little memory. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Pooling, SequenceClassifier, SequenceTagger } from "../../models.ts";
import { compile, gru, LanguageModel, lstm, PlanError } from "../../mod.ts";
import { CompiledNet } from "../../src/runtime/compiled_net.ts";
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

Deno.test("a validation text does not change the plan of a training", async () => {
  const text = "abc".repeat(300), options = { batch: 1, unroll: 2, steps: 1 };
  const model = () => LanguageModel.create(text, { cell: lstm(), hidden: 256 });
  using plain = await model();
  using validated = await model();
  const { sizes: [training] } = await memoriesOf(() => plain.fit(text, options));
  const { sizes, result } = await memoriesOf(() => validated.fit(text, { ...options, validation: text }));
  assertEquals(result.evaluations.length, 1);
  assertEquals(sizes[0], training);
  assertEquals(sizes.length, 2);
});

Deno.test("the docs' formula holds for nets that must see sequences whole", async () => {
  for (const cell of [lstm(), gru()]) {
    for (const [E, H, L] of [[16, 32, 1], [16, 64, 2], [64, 32, 1], [24, 40, 3]]) {
      for (
        const [bidirectional, pooling] of [[true, "last"], [true, "max"], [true, "attention"], [false, "attention"]]
      ) {
        const sizes = { tokens: 7, labels: [0, 1], embedding: E, hidden: H, layers: L };
        using model = await SequenceClassifier.create({
          ...sizes,
          cell,
          bidirectional: bidirectional as boolean,
          pooling: pooling as Pooling,
        });
        const bytes = async (steps: number) => {
          using net = await compile(model.net, { batch: 1, steps });
          return net.bytes;
        };
        const each = (await bytes(2048) - await bytes(1024)) / 1024;
        const formula = 4 * (bidirectional ? 18 * L * H + 4 * E + 32 : 6 * L * H + 2 * H + E + 32);
        assert(each <= formula && each > formula / 2, `${each} bytes a step, the formula says ${formula}`);
      }
    }
  }
});

Deno.test("a large net is not kept for later calls, a small one is", async () => {
  using model = await SequenceClassifier.create({ tokens: 7, labels: ["x", "y"], pooling: "attention", ...SIZES });
  for (const [length, made] of [[300, 0], [500_000, 1]]) {
    await model.predict([new Int32Array(length)]);
    assertEquals(
      (await memoriesOf(() => model.predict([new Int32Array(length)]))).sizes.length,
      made,
      `${length} steps`,
    );
  }
});

Deno.test("a batch of whole sequences is as large as a turn of the event loop allows", async () => {
  using model = await SequenceClassifier.create({
    ...SIZES,
    tokens: 7,
    labels: [0, 1],
    bidirectional: true,
    hidden: 128,
  });
  const work = 2 * 3 * 128 * (64 + 128); // About the multiply-adds of a step.
  const { probabilities } = CompiledNet.prototype;
  const rows: number[] = [];
  CompiledNet.prototype.probabilities = function (x, options) {
    rows.push(options!.batch!);
    return probabilities.call(this, x, options);
  };
  try {
    await model.predict(Array.from({ length: 40 }, () => LONG.subarray(0, 100)));
  } finally {
    CompiledNet.prototype.probabilities = probabilities;
  }
  assertEquals(rows.reduce((sum, B) => sum + B), 40);
  assert(Math.max(...rows) * 100 * work <= 2 ** 28 && Math.max(...rows) > 8, `${rows}`);
});
