/** Values that hold for a whole sequence, in the models that read sequences. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gru, lstm, OptionError, ShapeError, Vocabulary } from "../../mod.ts";
import { SequenceClassifier, SequenceRegressor, SequenceTagger } from "../../models.ts";
import { loadSequenceClassifier, loadSequenceRegressor, loadSequenceTagger } from "../../run.ts";
import { Generator } from "../../src/random/generator.ts";

const random = new Generator(7), SIZES = { cell: gru(), hidden: 16, seed: 1, numerics: "exact" } as const;
const tokens = Vocabulary.characters("abcd", { special: ["<unk>"] });
const word = () => Array.from({ length: 1 + random.integer(8) }, () => "abcd"[random.integer(4)]).join("");

/** Whether a word has an a; or, when the first value says so, whether it has none. */
function samples(n: number) {
  return Array.from({ length: n }, () => {
    const sequence = word(), turned = random.integer(2);
    const label = sequence.includes("a") !== (turned === 1) ? "yes" : "no";
    return [{ sequence, features: [turned * 2 - 1, random.uniform()] }, label] as const;
  });
}

for (const pooling of ["last", "mean", "max", "attention"] as const) {
  Deno.test(`a classifier reads them beside the sequence: ${pooling}`, async () => {
    const train = samples(300), test = samples(100), options = { tokens, labels: ["no", "yes"], pooling, ...SIZES };
    using model = await SequenceClassifier.create({ ...options, sequenceFeatures: 2 });
    using alone = await SequenceClassifier.create(options);
    await model.fit(train, { epochs: 40, validation: test });
    const { accuracy, count } = await model.evaluate(test);
    assert(accuracy > 0.9 && count === 100, `accuracy ${accuracy}`);
    await alone.fit(train.map(([{ sequence }, label]) => [sequence, label]), { epochs: 20 });
    const { accuracy: less } = await alone.evaluate(test.map(([{ sequence }, label]) => [sequence, label]));
    assert(less < 0.7, `without the values ${less}`);
    // A prediction does not depend on the others; a saved model predicts the same.
    const sequences = test.map(([sample]) => sample), all = await model.predict(sequences);
    for (const i of [0, 17, 99]) assertEquals((await model.predict([sequences[i]]))[0], all[i]);
    using loaded = await loadSequenceClassifier(model.save(), { numerics: "exact" });
    assertEquals(await loaded.predict(sequences), all);
    assertEquals(model.save().length, (await SequenceClassifier.load(model.save())).save().length);
  });
}

Deno.test("a regressor of values and a tagger, also of long sequences in pieces", async () => {
  const wave = (T: number) => Float32Array.from({ length: T }, () => random.uniform());
  using regressor = await SequenceRegressor.create({ features: 1, sequenceFeatures: 1, ...SIZES, cell: lstm() });
  const pairs = Array.from({ length: 200 }, () => {
    const sequence = wave(4 + random.integer(4)), last = sequence.at(-1)!, factor = random.integer(2) ? 1 : -1;
    return [{ sequence, features: [factor] }, last * factor] as const;
  });
  await regressor.fit(pairs, { epochs: 60 });
  const { meanAbsoluteError } = await regressor.evaluate(pairs);
  assert(meanAbsoluteError < 0.15, `${meanAbsoluteError}`);
  const long = { sequence: wave(3000), features: Float32Array.of(-1) };
  using runner = await loadSequenceRegressor(regressor.save(), { numerics: "exact" });
  const together = await runner.predict([...pairs.map(([sample]) => sample), long]);
  assertEquals(together.at(-1), (await regressor.predict([long]))[0]);

  using tagger = await SequenceTagger.create({ tokens, labels: [0, 1], sequenceFeatures: 1, ...SIZES });
  const tagged = Array.from({ length: 300 }, () => {
    const sequence = word(), wanted = random.integer(2);
    return [{ sequence, features: [wanted] }, [...sequence].map((letter) => Number(letter === "ab"[wanted]))] as const;
  });
  await tagger.fit(tagged, { epochs: 30 });
  assert((await tagger.evaluate(tagged)).accuracy! > 0.95);
  using tags = await loadSequenceTagger(tagger.save());
  const [{ labels }, { labels: others }] = await tags.predict([
    { sequence: "abab", features: [0] },
    { sequence: "abab", features: [1] },
  ]);
  assertEquals([labels, others], [[1, 0, 1, 0], [0, 1, 0, 1]]);
});

Deno.test("wrong values are refused, and the error names the sequence", async () => {
  const options = { tokens, labels: ["no", "yes"], ...SIZES };
  using model = await SequenceClassifier.create({ ...options, sequenceFeatures: 2 });
  using alone = await SequenceClassifier.create(options);
  // deno-lint-ignore no-explicit-any -- wrong on purpose
  const refused = (sequences: any[], message: string, error: any = ShapeError, of = model) =>
    assertRejects(() => of.predict(sequences), error, message);
  await refused(["abc"], "expected { sequence, features }, got", OptionError);
  await refused([{ sequence: "abc" }], "expected { sequence, features }", OptionError);
  const ok = { sequence: "abc", features: [1, 2] };
  await refused([ok, { ...ok, features: [1] }], `sequence 1: "features" must be 2 finite numbers, got 1`);
  await refused([{ ...ok, features: [1, NaN] }], `sequence 0: "features" must be 2 finite numbers`);
  await refused([{ ...ok, features: ["1", 2] }], "must be a number", OptionError);
  await refused([{ ...ok, sequence: "" }], "at least one token", OptionError);
  await refused([ok], `expected a sequence alone, as "sequenceFeatures" is not set`, OptionError, alone);
  await assertRejects(() => model.fit([["abc", "no"]] as never), OptionError, "expected { sequence, features }");
  await assertRejects(() => SequenceClassifier.create({ ...options, sequenceFeatures: 0 }), OptionError);
});
