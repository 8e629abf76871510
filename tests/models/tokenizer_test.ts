/** Models whose tokens are those of another library: byte pairs. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import gpt from "gpt-3-encoder";
import { FormatError, gru, LanguageModel, OptionError, type Tokenizer } from "../../mod.ts";
import { Seq2Seq, SequenceClassifier } from "../../models.ts";
import { loadLanguageModel } from "../../run.ts";

const TEXT = "The whale 🐳 swims — naïvely.\n  Call me Ishmael!  ";

/** GPT-2's byte pairs. */
const gpt2: Tokenizer & { toJSON(): unknown } = {
  size: 50257,
  encode: gpt.encode,
  decode: gpt.decode,
  toJSON: () => ({ name: "gpt2" }),
};
/** Its first 300 byte pairs, for nets that are small. */
const few: Tokenizer & { toJSON(): unknown } = {
  size: 300,
  encode: (text) => gpt.encode(text).filter((id) => id < 300),
  decode: (ids) => gpt.decode(ids),
  toJSON: () => "few",
};

Deno.test("byte pairs are the tokens of a language model, and its file knows which", async () => {
  using model = await LanguageModel.create(TEXT, { tokens: gpt2, hidden: 2, embedding: 2, cell: gru() });
  const { vocabulary } = model;
  assertEquals(vocabulary.size, 50257);
  assertEquals([...vocabulary.encode(TEXT)], gpt.encode(TEXT));
  assertEquals(vocabulary.decode(vocabulary.encode(TEXT)), TEXT);
  const write = vocabulary.writer();
  assertEquals(Array.from(vocabulary.encode(TEXT), write).join(""), TEXT, "token by token, bytes become characters");

  const file = model.save();
  const refused = await assertRejects(() => LanguageModel.load(file), FormatError);
  assert(/gpt2/.test(refused.message) && /"tokens"/.test(refused.message), refused.message);
  await assertRejects(() => LanguageModel.load(file, { tokens: few }), FormatError);
  const written = await model.write({ prompt: "The whale ", length: 3, seed: 1 });
  for (const tokens of [gpt2, (json: unknown) => (json as { name: string }).name === "gpt2" ? gpt2 : few]) {
    using loaded = await LanguageModel.load(file, { tokens });
    assertEquals(await loaded.write({ prompt: "The whale ", length: 3, seed: 1 }), written);
  }
  using run = await loadLanguageModel(file, { tokens: gpt2 });
  assertEquals(await run.write({ prompt: "The whale ", length: 3, seed: 1 }), written);
});

Deno.test("classifiers and translations take a tokenizer", async () => {
  using classifier = await SequenceClassifier.create({ tokens: few, labels: ["a", "b"], hidden: 4 });
  const predicted = await classifier.predict(["(ab)", few.encode("(!)")]);
  using loaded = await SequenceClassifier.load(classifier.save(), { tokens: few });
  assertEquals(await loaded.predict(["(ab)", few.encode("(!)")]), predicted);

  using translator = await Seq2Seq.create({ source: few, target: 5, hidden: 4 });
  const [{ ids }] = await translator.translate(["(ab)"], { length: 3 });
  using read = await Seq2Seq.load(translator.save(), { tokens: () => few });
  assertEquals((await read.translate(["(ab)"], { length: 3 }))[0].ids, ids);
});

Deno.test("a tokenizer that a file cannot have, or whose ids are out of range, is refused by name", async () => {
  const cyclic: Tokenizer & { self?: unknown } = { ...few, toJSON: undefined } as Tokenizer;
  cyclic.self = cyclic;
  const options = { hidden: 2 };
  const refused = await assertRejects(() => LanguageModel.create(cyclic, options), OptionError);
  assert(/tokenizer as JSON/.test(refused.message) && /"toJSON"/.test(refused.message), refused.message);
  using model = await LanguageModel.create({ ...few, encode: () => [300] } as Tokenizer, options);
  await assertRejects(() => model.write({ prompt: "the" }), OptionError, "300");
  await assertRejects(() => LanguageModel.create({ ...few, size: 0 } as Tokenizer, options), OptionError, '"size"');
});
