import { assertEquals, assertRejects } from "@std/assert";
import {
  LanguageModel,
  OptionError,
  type PretrainedEmbedding,
  readSafetensors,
  ShapeError,
  Vocabulary,
} from "../../mod.ts";
import { pretrained, Seq2Seq, SequenceGenerator, type Vectors } from "../../models.ts";

const TEXT = "the Whale and the sea. ".repeat(20);
/** Words of version 0.1, which have spaces before them. */
const VOCABULARY = Vocabulary.fromJSON({ kind: "words", tokens: [" ", " Whale", " and", " sea", " the", ".", "the"] });
const VECTORS = new Map([["the", [1, 2]], ["whale", [3, 4]], ["sea", [5, 6]], [" sea", [7, 8]]]);

const weightOf = (bytes: Uint8Array, name = "embedding.weight") => [...readSafetensors(bytes).tensors.get(name)!.data];
const make = (embedding: number | PretrainedEmbedding) => LanguageModel.create(VOCABULARY, { embedding, hidden: [4] });

function rowOf(bytes: Uint8Array, token: string): unknown[] {
  const id = VOCABULARY.id(token)!;
  return weightOf(bytes).slice(2 * id, 2 * id + 2);
}

Deno.test("a token starts with its own or its word's vector, another one with a random one as large", async () => {
  using model = await make(pretrained(VECTORS));
  const bytes = model.save();
  assertEquals(rowOf(bytes, "the"), [1, 2]);
  assertEquals(rowOf(bytes, " the"), [1, 2]);
  assertEquals(rowOf(bytes, " Whale"), [3, 4]);
  assertEquals(rowOf(bytes, " sea"), [7, 8]);
  using plain = await make(2);
  const own = rowOf(plain.save(), " and"), used = [1, 2, 1, 2, 3, 4, 7, 8];
  const mean = used.reduce((a, b) => a + b) / used.length;
  const deviation = Math.sqrt(used.reduce((sum, value) => sum + (value - mean) ** 2, 0) / used.length);
  assertEquals(rowOf(bytes, " and"), own.map((value) => Math.fround(Number(value) * deviation)));
});

Deno.test("a word without a space before it starts with its vector, else with that of its lower case", async () => {
  const vocabulary = Vocabulary.words(TEXT);
  using model = await LanguageModel.create(vocabulary, { embedding: pretrained(VECTORS), hidden: [4] });
  const weight = weightOf(model.save()), row = (token: string) => weight.slice(2 * vocabulary.id(token)!).slice(0, 2);
  assertEquals([row("the"), row("Whale"), row("sea")], [[1, 2], [3, 4], [5, 6]]);
});

Deno.test("training leaves frozen vectors unchanged, also after a file, and changes others", async () => {
  for (const frozen of [true, false]) {
    using model = await make(pretrained(VECTORS, { frozen }));
    const before = weightOf(model.save());
    for await (const _ of model.fit(TEXT, { batch: 2, unroll: 5, steps: 2 }));
    const after = weightOf(model.save());
    assertEquals(after.every((value, i) => value === before[i]), frozen);
    using again = await LanguageModel.load(model.save());
    assertEquals(again.save(), model.save());
    for await (const _ of again.fit(TEXT, { batch: 2, unroll: 5, steps: 2 }));
    assertEquals(weightOf(again.save()).every((value, i) => value === after[i]), frozen);
  }
});

Deno.test("each side of a Seq2Seq takes vectors; begin and end have none", async () => {
  const letters = Vocabulary.characters("ab"), matrix = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
  const embedding = { source: 2, target: pretrained(matrix, { frozen: true }) };
  using model = await Seq2Seq.create({ source: letters, target: letters, embedding, hidden: 4 });
  const name = "decoder.embedding.weight", target = weightOf(model.save(), name);
  assertEquals(target.length, 4 * 3);
  assertEquals(target.slice(0, 6), matrix.data);
  for await (const _ of model.fit([["ab", "ba"]], { epochs: 2 }));
  assertEquals(weightOf(model.save(), name), target);
});

Deno.test("training leaves frozen vectors unchanged when the decoder is tied to them", async () => {
  using model = await LanguageModel.create(VOCABULARY, {
    embedding: pretrained(VECTORS, { frozen: true }),
    hidden: [2],
    tied: true,
  });
  const before = weightOf(model.save());
  for await (const _ of model.fit(TEXT, { batch: 2, unroll: 5, steps: 2 }));
  assertEquals(weightOf(model.save()), before);
  assertEquals(weightOf(model.save(), "decoder.weight"), before);
});

Deno.test("a generator takes vectors for its tokens, not for its labels, with any condition", async () => {
  for (const condition of [{ labels: ["x"] }, { vector: 2 }]) {
    const embedding = pretrained({ shape: [VOCABULARY.size, 1], data: VOCABULARY.tokens.map((_, id) => id) });
    using model = await SequenceGenerator.create(VOCABULARY, { ...condition, embedding, hidden: [4] });
    const name = condition.vector ? "decoder.embedding.weight" : "embedding.weight";
    assertEquals(weightOf(model.save(), name).slice(0, VOCABULARY.size), VOCABULARY.tokens.map((_, id) => id));
    using again = await SequenceGenerator.load(model.save());
    assertEquals(again.save(), model.save());
  }
});

Deno.test("vectors that do not fit are refused", async () => {
  const refused: [Vectors, typeof OptionError | typeof ShapeError, string][] = [
    [new Map(), OptionError, "got none"],
    [new Map([["the", [1]], ["sea", [1, 2]]]), ShapeError, 'got 2, and 1 for " the"'],
    [new Map([["the", [1, NaN]]]), OptionError, '"vectors" must be a finite number, got NaN'],
    [new Map([["the", []]]), OptionError, '"width of the vectors"'],
    [{ shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, ShapeError, `a row for each of ${VOCABULARY.size} tokens`],
    [{ shape: [VOCABULARY.size, 2], data: [1] }, ShapeError, "1 elements"],
  ];
  for (const [vectors, error, message] of refused) {
    await assertRejects(() => make(pretrained(vectors)), error, message);
  }
  const ids = { source: 3, target: 3, hidden: 4, embedding: pretrained(VECTORS) };
  await assertRejects(() => Seq2Seq.create(ids), OptionError, "need a vocabulary");
});
