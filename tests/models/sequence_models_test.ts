import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type Cell, FormatError, gru, NonFiniteError, OptionError, sgd, ShapeError, Vocabulary } from "../../mod.ts";
import {
  type ClassifierOptions,
  type LabelledSequence,
  type Pooling,
  pretrained,
  SequenceClassifier,
  SequenceRegressor,
  SequenceTagger,
  type TaggedSequence,
  type TaskSequence,
} from "../../models.ts";
import { Generator } from "../../src/random/generator.ts";

const LETTERS = Vocabulary.characters("abcd", { special: ["<unk>"] });
const SIZES = { cell: gru(), hidden: 16, seed: 1, numerics: "exact" } as const;

/** Words of 1 to 8 letters. */
function words(n: number, seed: number, letters = "abcd"): string[] {
  const random = new Generator(seed);
  return Array.from({ length: n }, () => {
    return Array.from({ length: 1 + random.integer(8) }, () => letters[random.integer(letters.length)]).join("");
  });
}

/** Words, and whether they have an a. */
const withA = (n: number, seed: number): LabelledSequence[] =>
  words(n, seed).map((word) => [word, word.includes("a") ? "yes" : "no"]);
/** Words, and for each letter whether a b stands before it or an a behind it. */
const between = (n: number, seed: number): TaggedSequence[] =>
  words(n, seed).map((word) => [word, [...word].map((_, i) => word[i - 1] === "b" || word[i + 1] === "a" ? 1 : 0)]);

const classifier = (options: Partial<ClassifierOptions> = {}) =>
  SequenceClassifier.create({ tokens: LETTERS, labels: ["no", "yes"], ...SIZES, ...options });

async function lossesOf(events: AsyncIterable<{ type: string; loss?: number }>): Promise<number[]> {
  const losses: number[] = [];
  for await (const { type, loss } of events) if (type === "step") losses.push(loss!);
  return losses;
}

for (const pooling of ["last", "mean", "max", "attention"] as Pooling[]) {
  for (const bidirectional of [false, true]) {
    Deno.test(`a classifier learns: ${pooling}${bidirectional ? ", both directions" : ""}`, async () => {
      using model = await classifier({ pooling, bidirectional });
      const before = await model.evaluate(withA(200, 1));
      const losses = await lossesOf(model.fit(withA(200, 1), { epochs: 40 }));
      assertAlmostEquals(losses[0], before.loss, 0.2);
      const { accuracy, f1, confusion, count, loss } = await model.evaluate(withA(100, 2));
      assert(accuracy > 0.95 && f1 > 0.95, `accuracy ${accuracy}`);
      assert(loss < 0.2 && count === 100);
      assertAlmostEquals((confusion[0][0] + confusion[1][1]) / 100, accuracy);
    });
  }
}

Deno.test("a tagger learns tags that need both directions, a regressor learns to count", async () => {
  using tagger = await SequenceTagger.create({ tokens: LETTERS, labels: [0, 1], ...SIZES });
  await lossesOf(tagger.fit(between(300, 1), { epochs: 60 }));
  const { accuracy } = await tagger.evaluate(between(100, 2));
  assert(accuracy! > 0.95, `accuracy ${accuracy}`);
  const counted = (n: number, seed: number) =>
    words(n, seed).map((word) => [word, [[...word].filter((c) => c === "a").length, word.length]] as const);
  using regressor = await SequenceRegressor.create({ tokens: LETTERS, outputs: 2, ...SIZES });
  await lossesOf(regressor.fit(counted(200, 1), { epochs: 60 }));
  const { meanAbsoluteError, meanSquaredError, loss } = await regressor.evaluate(counted(100, 2));
  assert(meanAbsoluteError < 0.3, `error ${meanAbsoluteError}`);
  assertAlmostEquals(loss, meanSquaredError, 1e-5);
});

Deno.test("a tagger of numbers learns running sums, and steps with null do not count", async () => {
  const samples = (seed: number): TaggedSequence[] =>
    words(100, seed).map((word) => {
      const values = [...word].map((letter) => LETTERS.id(letter)! / 2 - 1);
      let sum = 0;
      return [values, values.map((value, t) => (sum += value) * 0 + (t === 1 ? NaN : sum / 4))];
    }).map(([x, y]) => [x, y.map((value) => Number.isNaN(value) ? null : value)] as const);
  using model = await SequenceTagger.create({ features: 1, outputs: 1, bidirectional: false, ...SIZES });
  await lossesOf(model.fit(samples(1), { epochs: 60 }));
  const { meanAbsoluteError, count } = await model.evaluate(samples(2));
  assert(meanAbsoluteError! < 0.1, `error ${meanAbsoluteError}`);
  assertEquals(count, words(100, 2).reduce((sum, word) => sum + word.length - (word.length > 1 ? 1 : 0), 0));
  const [{ labels, outputs }] = await model.predict([[0.5, 0.5, 0.5]]);
  assertEquals([labels.length, outputs.length, outputs[0].length], [0, 3, 1]);
});

Deno.test("the prediction for a sequence does not depend on the other sequences and their order", async () => {
  const texts = words(70, 3);
  using one = await classifier({ pooling: "attention", bidirectional: true });
  using two = await SequenceTagger.create({ tokens: LETTERS, labels: ["x", "y"], ...SIZES });
  using three = await SequenceRegressor.create({ tokens: LETTERS, pooling: "mean", ...SIZES });
  for (const model of [one, two, three]) {
    const predict = (some: string[]): Promise<unknown[]> => model.predict(some), together = await predict(texts);
    for (const i of [0, 7, 69]) assertEquals(await predict([texts[i]]), [together[i]]);
    assertEquals(await predict(texts.toReversed()), together.toReversed());
    assertEquals(await predict([]), []);
  }
});

Deno.test("a file gives back each model bit for bit, and the model can be trained further", async () => {
  const samples = withA(40, 1),
    tags = between(40, 1),
    vectors = { shape: [5, 3], data: words(15, 1).map((w) => w.length) };
  const embedding = pretrained(vectors, { frozen: true });
  using one = await classifier({ pooling: "attention", layers: 2, dropout: 0.2, embedding });
  using two = await SequenceTagger.create({ tokens: 5, labels: [0, 1], ...SIZES });
  using three = await SequenceRegressor.create({ features: 2, outputs: 2, loss: "huber", ...SIZES });
  await lossesOf(one.fit(samples, { epochs: 1 }));
  const ids = tags.map(([word, tag]) => [LETTERS.encode(word as string), tag] as const);
  await lossesOf(two.fit(ids, { epochs: 1 }));
  const numbers = [[[1, 2, 3, 4], [1, 2]], [[[5, 6]], [2, 1]]] as const;
  await lossesOf(three.fit(numbers, { epochs: 1 }));
  const exact = { numerics: "exact", seed: 1 } as const;
  using again = await SequenceClassifier.load(one.save(), exact), second = await SequenceTagger.load(two.save(), exact);
  using third = await SequenceRegressor.load(three.save(), exact);
  assertEquals([again.save(), second.save(), third.save()], [one.save(), two.save(), three.save()]);
  assertEquals([again.labels, second.labels], [one.labels, two.labels]);
  const texts = words(5, 2), more = { epochs: 1 };
  assertEquals(await again.predict(texts), await one.predict(texts));
  assertEquals(await again.evaluate(samples), await one.evaluate(samples));
  assertEquals(await second.evaluate(ids), await two.evaluate(ids));
  assertEquals(await third.evaluate(numbers), await three.evaluate(numbers));
  using likeOne = await SequenceClassifier.load(one.save(), exact);
  using likeTwo = await SequenceTagger.load(two.save(), exact);
  assertEquals(await lossesOf(again.fit(samples, more)), await lossesOf(likeOne.fit(samples, more)));
  assertEquals(await lossesOf(second.fit(ids, more)), await lossesOf(likeTwo.fit(ids, more)));
  await assertRejects(() => SequenceClassifier.load(two.save()), FormatError, "that of a sequence tagger");
  await assertRejects(() => SequenceTagger.load(new Uint8Array(3)), FormatError);
  const own: Cell = { ...gru(), name: "mine", equations: undefined };
  using mine = await classifier({ cell: own });
  await assertRejects(() => SequenceClassifier.load(mine.save()), FormatError, '"mine" is none of ours');
  using given = await SequenceClassifier.load(mine.save(), { cell: own });
  assertEquals(given.save(), mine.save());
});

Deno.test("class weights change the loss of the training, not that of evaluations", async () => {
  // One of four samples has the class yes: a balanced step gives each class the weight one half.
  const samples: LabelledSequence[] = [["a", "yes"], ["b", "no"], ["c", "no"], ["d", "no"]];
  const step = { batch: 4, epochs: 1, optimizer: sgd({ learningRate: 1e-9 }) };
  using model = await classifier();
  const each = await Promise.all(samples.map(async (sample) => (await model.evaluate([sample])).loss));
  const [plain] = await lossesOf(model.fit(samples, step));
  const [balanced] = await lossesOf(model.fit(samples, { ...step, classWeights: "balanced" }));
  const [given] = await lossesOf(model.fit(samples, { ...step, classWeights: [1, 0] }));
  const no = (each[1] + each[2] + each[3]) / 3;
  assertAlmostEquals(plain, (each[0] + 3 * no) / 4, 1e-5);
  assertAlmostEquals(balanced, (each[0] + no) / 2, 1e-5);
  assertAlmostEquals(given, no, 1e-5);
  assertAlmostEquals((await model.evaluate(samples)).loss, plain, 1e-5);
  using tagger = await SequenceTagger.create({ tokens: LETTERS, labels: [0, 1], ...SIZES });
  const tagged: TaggedSequence[] = [["ab", [0, 0]], ["ba", [1, null]]];
  const { loss } = await tagger.evaluate([tagged[1]]);
  const [ofOne] = await lossesOf(tagger.fit(tagged, { ...step, classWeights: [0, 1] }));
  assertAlmostEquals(ofOne, loss, 1e-5);
  await assertRejects(
    () => model.fit(samples, { classWeights: [1] }).next(),
    OptionError,
    '"classWeights" must have 2',
  );
});

Deno.test("evaluations stop a training early and restore the best parameters", async () => {
  using model = await classifier();
  const samples = withA(100, 1), validation = withA(50, 2), best: number[] = [];
  let reason = "";
  for await (const event of model.fit(samples, { epochs: 300, validation, monitor: "accuracy", patience: 2 })) {
    if (event.type === "evaluation") best.push(event.metrics.accuracy);
    if (event.type === "end") reason = event.reason;
  }
  assertEquals(reason, "patience");
  assertEquals((await model.evaluate(validation)).accuracy, Math.max(...best));
});

Deno.test("a model grows for sequences longer than all before, also during a training", async () => {
  const long = "abcd".repeat(100);
  using model = await classifier();
  const [before] = await model.predict([long]);
  using other = await classifier();
  let during;
  for await (const { type } of other.fit(withA(5, 1), { epochs: 1, optimizer: sgd({ learningRate: 1e-30 }) })) {
    if (type === "step") [during] = await other.predict([long]);
  }
  assertEquals(during, before);
  assertEquals(await other.predict([long]), [before]);
  await lossesOf(model.fit([[long, "yes"], ["b", "no"]], { epochs: 1 }));
});

Deno.test("an abort ends trainings, evaluations and predictions", async () => {
  using model = await classifier();
  const signal = AbortSignal.abort(new Error("enough")), samples = withA(5, 1);
  await assertRejects(() => model.fit(samples, { signal }).next(), Error, "enough");
  await assertRejects(() => model.evaluate(samples, { signal }), Error, "enough");
  await assertRejects(() => model.predict(["a"], { signal }), Error, "enough");
  const step = model.fit(samples).next();
  await assertRejects(() => model.fit(samples).next(), OptionError, "already");
  await step;
  await lossesOf(model.fit(samples, { epochs: 1 }));
});

Deno.test("unknown tokens become <unk>, and without <unk> they are refused", async () => {
  using model = await classifier();
  assertEquals(await model.predict(["xyz"]), await model.predict([["<unk>", "<unk>", "<unk>"]]));
  using strict = await classifier({ tokens: Vocabulary.characters("ab") });
  await assertRejects(() => strict.predict(["xyz"]), OptionError, "x");
});

Deno.test("bad options and samples are refused and change nothing", async () => {
  using model = await classifier();
  using tagger = await SequenceTagger.create({ tokens: LETTERS, labels: ["x", "y"], ...SIZES });
  using values = await SequenceRegressor.create({ features: 2, ...SIZES });
  const before = model.save(), good = ["a", "yes"] as const;
  // deno-lint-ignore no-explicit-any
  const fit = (one: any, samples: any) => () => one.fit(samples).next();
  const refused: [() => Promise<unknown>, typeof OptionError | typeof ShapeError, string][] = [
    [() => model.predict(["a", ""]), OptionError, "Cannot read sequence 1: it must have at least one token"],
    [fit(model, [good, ["", "no"]]), OptionError, "sequence 1"],
    [fit(model, [good, ["b", "maybe"]]), OptionError, 'label of sample 1: it must be one of "no", "yes", got "maybe"'],
    [fit(model, [good, ["b", 1]]), OptionError, "got 1"],
    [fit(model, [good, ["b", "yes"]]), OptionError, 'at least two labels, got only "yes"'],
    [fit(model, []), OptionError, "no samples"],
    [() => model.evaluate([]), OptionError, "no samples"],
    [fit(tagger, [["ab", ["x"]]]), ShapeError, "a tag for each of 2 steps, got 1"],
    [fit(tagger, [["ab", ["x", "z"]]]), OptionError, 'got "z"'],
    [fit(tagger, [["ab", ["x", "x"]]]), OptionError, "at least two labels"],
    [fit(tagger, [["ab", [null, null]]]), OptionError, "other than null"],
    [fit(values, [[[1, 2, 3], 1]]), ShapeError, "2 values, got 3 elements"],
    [fit(values, [[[[1, 2], [3]], 1]]), ShapeError, "got 1 at step 1"],
    [
      fit(values, [[[1, 2, NaN, 4], 1]]),
      OptionError,
      "Cannot read sequence 0: it must be finite numbers, got NaN at step 1",
    ],
    [fit(values, [[[1, 2], NaN]]), OptionError, "sample 0"],
    [fit(values, [[[1, 2], [1, 2]]]), ShapeError, "expected 1 numbers, got 2"],
    [() => values.predict([[Infinity, 1]]), OptionError, "got Infinity"],
    [() => values.predict([[]]), OptionError, "at least one step"],
    [() => values.predict(["text"]), OptionError, "must be values"],
    [() => classifier({ labels: ["a"] }), OptionError, "at least two classes, got 1"],
    [() => classifier({ labels: ["a", "a"] }), OptionError, "twice"],
    [() => classifier({ features: 2 }), OptionError, 'Either "tokens" or "features"'],
    [() => classifier({ pooling: "none" as Pooling }), OptionError, '"pooling"'],
    [() => classifier({ hidden: 0 }), OptionError, '"hidden"'],
    [() => classifier({ dropout: 1 }), OptionError, '"dropout"'],
    [() => SequenceTagger.create({ tokens: LETTERS }), OptionError, 'Either "labels" or "outputs"'],
    [() => SequenceTagger.create({ tokens: LETTERS, labels: [0, 1], loss: "huber" }), OptionError, '"loss"'],
  ];
  for (const [call, error, message] of refused) await assertRejects(call, error, message, `no "${message}"`);
  assertEquals(model.save(), before);
  using ids = await classifier({ tokens: 3 });
  await assertRejects(() => ids.predict(["abc"]), OptionError, "without a vocabulary");
  await assertRejects(() => ids.predict([[3] as TaskSequence]), OptionError, "0 to 2");
  const huge = values.fit([[[1, 2], 3e38]], { optimizer: sgd({ learningRate: 1 }) });
  await assertRejects(() => huge.next(), NonFiniteError);
});
