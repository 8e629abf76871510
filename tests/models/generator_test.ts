import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { adam, type Cell, elman, FormatError, gru, lstm, OptionError, ShapeError, Vocabulary } from "../../mod.ts";
import { gradientCheck } from "../../check.ts";
import { type ConditionedText, type SequenceGenerateOptions, SequenceGenerator } from "../../models.ts";
import { conditioning } from "../../src/layers/conditioning.ts";
import { encoderDecoder } from "../../src/layers/encoder_decoder.ts";
import { dense } from "../../src/layers/dense.ts";
import { recurrent } from "../../src/layers/recurrent.ts";
import { sequential } from "../../src/layers/sequential.ts";

const NAMES = ["anna", "bo", "carla", "dan", "eva", "finn", "greta", "hannes", "a", "nora"];
const LABELLED = NAMES.map((text, i) => ({ text, label: i % 2 ? "odd" : "even" }));
const fast = () => adam({ learningRate: 0.02 });

async function written(model: SequenceGenerator, options: SequenceGenerateOptions = {}): Promise<string> {
  let text = "";
  for await (const piece of model.generate(options)) text += piece;
  return text;
}

async function train(model: SequenceGenerator, texts: readonly (string | ConditionedText)[], epochs: number) {
  for await (const _ of model.fit(texts, { epochs, optimizer: fast() }));
}

Deno.test("the loss of texts in one batch is that of each text alone: ends count, padding does not", async () => {
  for (
    const [texts, options] of [
      [NAMES, {}],
      [LABELLED, { labels: ["even", "odd"] }],
      [NAMES.map((text, i) => ({ text, vector: [i, 1] })), { vector: 2 }],
    ] as const
  ) {
    using model = await SequenceGenerator.create(texts, { ...options, hidden: [8], numerics: "exact" });
    const all = await model.evaluate(texts);
    let loss = 0, tokens = 0;
    for (const text of texts) {
      const one = await model.evaluate([text]);
      loss += one.loss * one.tokens;
      tokens += one.tokens;
    }
    assertEquals([all.tokens, all.characters], [tokens, NAMES.join("").length]);
    assertEquals(all.tokens, NAMES.join("").length + NAMES.length);
    assertAlmostEquals(all.loss, loss / tokens, 1e-6);
    assertAlmostEquals(all.bitsPerCharacter, all.loss / Math.LN2 * all.tokens / all.characters, 1e-12);
    const [first] = await Array.fromAsync(model.fit(texts, { steps: 1 }));
    assertAlmostEquals(first.type === "step" ? first.loss : NaN, all.loss, 1e-6);
  }
});

Deno.test("a generator writes the text of the condition, from beginning to end", async () => {
  const texts = [{ text: "meow", label: "cat" }, { text: "woof woof", label: "dog" }, { text: "", label: "fish" }];
  using model = await SequenceGenerator.create(texts, { labels: ["cat", "dog", "fish"], cell: gru(), hidden: [24] });
  await train(model, texts, 150);
  for (const { text, label } of texts) assertEquals(await written(model, { label, temperature: 0 }), text);
  assertEquals(await written(model, { label: "dog", prompt: "woof", temperature: 0 }), " woof");
  assertEquals(await written(model, { label: "dog", length: 6, temperature: 0 }), "woof w");
  assertEquals(await written(model, { label: "dog", prompt: "woof", length: 6, temperature: 0 }), " w");
});

Deno.test("a vector decides through the initial states of every layer, with every cell", async () => {
  const texts = [{ text: "low", vector: [-1, 0.5] }, { text: "high up", vector: [1, 0.5] }];
  const cells: Cell[] = [elman(), gru(), lstm()];
  for (const cell of cells) {
    using model = await SequenceGenerator.create(texts, { vector: 2, cell, hidden: [16, 12], dropout: 0.1 });
    await train(model, texts, 200);
    for (const { text, vector } of texts) {
      assertEquals(await written(model, { vector, temperature: 0 }), text, cell.name);
    }
    using copy = await SequenceGenerator.load(model.save());
    assertEquals(await written(copy, { vector: [1, 0.5], temperature: 0 }), "high up");
  }
  using model = await SequenceGenerator.create(texts, { vector: 2, hidden: [8] });
  const each = texts.map(({ vector }) => () => written(model, { vector, seed: 1 }));
  const alone = [await each[0](), await each[1]()];
  assertEquals(await Promise.all(each.map((one) => one())), alone, "two at once");
  const net = encoderDecoder({
    encoder: conditioning(3, 2),
    decoder: sequential({ rnn: recurrent(lstm(), { input: 2, hidden: 4 }), output: dense(4, 3) }),
    bridge: "dense",
  });
  const check = await gradientCheck(net, { steps: 1, decoderSteps: 3 });
  assert(check.ok, String(check));
});

Deno.test("tokens are words or stand between spaces, and rare ones are unknown", async () => {
  const texts = ["the cat sat", "the dog sat", "the cat ran home"];
  using words = await SequenceGenerator.create(texts, { tokens: "words", hidden: [8] });
  assertEquals(words.vocabulary.tokens, ["<unk>", " ", "<join>", "cat", "sat", "the"]);
  using spaced = await SequenceGenerator.create(texts, { tokens: "spaced", hidden: [16] });
  assertEquals(spaced.vocabulary.tokens, ["<unk>", "cat", "sat", "the"]);
  const lists = texts.map((text) => ({ text: words.vocabulary.split(text) }));
  using listed = await SequenceGenerator.create(lists, { tokens: "words", hidden: [8] });
  assertEquals(listed.vocabulary.tokens, words.vocabulary.tokens);
  await train(spaced, ["the cat sat"], 100);
  assertEquals(await written(spaced, { temperature: 0 }), "the cat sat");
  assertEquals(await written(spaced, { prompt: "the", temperature: 0 }), " cat sat");
});

Deno.test("the same seed gives the same text, also in a loaded model", async () => {
  using model = await SequenceGenerator.create(LABELLED, { labels: ["even", "odd"], hidden: [8], seed: 3 });
  await train(model, LABELLED, 5);
  const options = { label: "odd", seed: 4, topK: 8, topP: 0.95, temperature: 0.9 };
  const text = await written(model, options);
  assertEquals(await written(model, options), text);
  assertNotEquals(await written(model, { ...options, seed: 5 }), text);
  using copy = await SequenceGenerator.load(model.save());
  assertEquals(copy.save(), model.save());
  assertEquals(await written(copy, options), text);
  assertEquals(await copy.evaluate(LABELLED), await model.evaluate(LABELLED));
  assertEquals(copy.size, model.size);
});

Deno.test("a training stops early, and continues bit for bit", async () => {
  const make = (seed: number) => SequenceGenerator.create(NAMES, { hidden: [8], seed });
  const options = () => ({ epochs: 30, batch: 3, validation: ["annan", "bea"], optimizer: fast(), seed: 2 });
  using whole = await make(1);
  const events = await Array.fromAsync(whole.fit(NAMES, { ...options(), patience: 3 }));
  const end = events.find((event) => event.type === "end")!;
  assertEquals([end.reason, end.restored], ["patience", true]);
  assertAlmostEquals((await whole.evaluate(["annan", "bea"])).loss, end.best!.value, 1e-12);

  using first = await make(1);
  for await (const { type, step } of first.fit(NAMES, options())) if (type === "step" && step === 10) break;
  using second = await make(7), third = await make(1);
  const rest = await Array.fromAsync(second.fit(NAMES, { ...options(), resume: first.checkpoint() }));
  const all = await Array.fromAsync(third.fit(NAMES, options()));
  assertEquals(rest, all.slice(all.length - rest.length));
  assertEquals(second.save(), third.save());
});

Deno.test("texts, conditions and options that do not fit are refused", async () => {
  const sizes = { hidden: [4] };
  await assertRejects(() => SequenceGenerator.create([], sizes), OptionError);
  await assertRejects(() => SequenceGenerator.create(NAMES, { labels: ["a", "a"] }), OptionError, '"labels"');
  using plain = await SequenceGenerator.create(NAMES, sizes);
  using labelled = await SequenceGenerator.create(NAMES, { ...sizes, labels: ["x", "y"] });
  using vector = await SequenceGenerator.create(NAMES, { ...sizes, vector: 2 });
  assertThrows(() => plain.checkpoint(), OptionError);
  const cases: [Promise<unknown>, new (...args: never[]) => Error, string][] = [
    [plain.evaluate(["hannesses"]), OptionError, "Cannot read sequence 0: it must have at most 6 tokens"],
    [plain.evaluate([{ text: "a", label: "x" }]), OptionError, "the model has no labels"],
    [plain.evaluate([{ text: "a", vector: [1] }]), ShapeError, '"vector" must be none'],
    [plain.evaluate(["xyz"]), OptionError, '"x"'],
    [plain.fit([]).next(), OptionError, "no samples"],
    [labelled.evaluate(["a"]), OptionError, 'Cannot read sequence 0: "label" must be one of "x", "y", got undefined'],
    [written(labelled, { label: "z" }), OptionError, 'Cannot read the condition: "label" must be one of'],
    [vector.evaluate([{ text: "a", vector: [1] }]), ShapeError, '"vector" must be 2 numbers, got 1'],
    [written(plain, { temperature: -1 }), OptionError, '"temperature"'],
    [SequenceGenerator.load(new Uint8Array(3)), FormatError, ""],
    [SequenceGenerator.create(Vocabulary.characters("ab"), { ...sizes, tokens: "words" }), OptionError, '"tokens"'],
  ];
  for (const [promise, error, message] of cases) await assertRejects(() => promise, error, message);
});
