/** A model that only runs gives what the model that was trained gives: the same bits in both builds. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Cell,
  DisposedError,
  elman,
  FormatError,
  gru,
  LanguageModel,
  lstm,
  OptionError,
  readSafetensors,
  type TensorSource,
  Vocabulary,
  writeSafetensors,
} from "../../mod.ts";
import {
  type AttentionKind,
  type ConditionedText,
  type Pair,
  type Pooling,
  Seq2Seq,
  SequenceClassifier,
  SequenceGenerator,
  SequenceRegressor,
  SequenceTagger,
} from "../../models.ts";
import {
  loadLanguageModel,
  loadSeq2Seq,
  loadSequenceClassifier,
  loadSequenceGenerator,
  loadSequenceRegressor,
  loadSequenceTagger,
} from "../../run.ts";
import type { LanguageModelRunner } from "../../src/models/run/language_model.ts";

const TEXT = "abracadabra, said the wizard. ".repeat(20);
const LETTERS = Vocabulary.characters("abcd", { special: ["<unk>"] });
const WORDS = ["a", "bad", "cab", "dab", "abcd", "dcba", "bb", "acdc", "caba", "d"];
const NUMERICS = ["exact", "fast"] as const;

async function finish(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

const CELLS: Record<string, () => Cell> = {
  lstm: () => lstm(),
  gru: () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
  elman: () => elman({ activation: "relu" }),
};

const NETS = {
  "one-hot": { hidden: [8, 5] },
  "embedding and dropout": { hidden: [8], embedding: 3, dropout: 0.2 },
  tied: { hidden: [6], tied: true },
};

for (const numerics of NUMERICS) {
  for (const [cellName, cell] of Object.entries(CELLS)) {
    for (const [netName, net] of Object.entries(NETS)) {
      Deno.test(`a language model runs as it was trained: ${cellName}, ${netName}, ${numerics}`, async () => {
        using model = await LanguageModel.create(TEXT, { cell: cell(), seed: 2, numerics, ...net });
        await finish(model.fit(TEXT, { batch: 4, unroll: 10, steps: 8 }));
        using runner = await loadLanguageModel(model.save(), { numerics });
        const use = async (one: LanguageModelRunner) => ({
          drawn: await Array.fromAsync(one.generate({ length: 40, seed: 3 })),
          truncated: await Array.fromAsync(one.generate({ prompt: "the", topK: 5, topP: 0.9, temperature: 0.7 })),
          greedy: await Array.fromAsync(one.generate({ length: 20, temperature: 0, stop: ["said"] })),
          stream: await Array.fromAsync(one.generateStream({ prompt: ["w"], length: 5 })),
          found: await one.beamSearch({ prompt: "the", length: 6, width: 4 }),
          states: await one.states("a wizard"),
          made: [one.cell.name, one.hidden, one.vocabulary.toJSON(), one.size],
        });
        assertEquals(await use(runner), await use(model));
      });
    }
  }

  for (const pooling of ["last", "mean", "max", "attention"] as Pooling[]) {
    for (const bidirectional of [false, true]) {
      Deno.test(`a classifier runs as it was trained: ${pooling}, ${bidirectional}, ${numerics}`, async () => {
        const sizes = { cell: gru(), hidden: 8, layers: 2, dropout: 0.1, pooling, bidirectional, numerics };
        using model = await SequenceClassifier.create({ tokens: LETTERS, labels: ["no", "yes"], ...sizes });
        await finish(model.fit(WORDS.map((word) => [word, word.includes("a") ? "yes" : "no"]), { epochs: 2 }));
        using runner = await loadSequenceClassifier(model.save(), { numerics });
        assertEquals(await runner.predict(WORDS), await model.predict(WORDS));
        assertEquals(runner.labels, model.labels);
      });
    }
  }

  Deno.test(`a regressor runs as it was trained: ${numerics}`, async () => {
    const sequences = WORDS.map((word) => [...word].map((letter, t) => [letter.charCodeAt(0) / 100, t]));
    using model = await SequenceRegressor.create({ features: 2, outputs: 2, loss: "huber", hidden: 8, numerics });
    await finish(model.fit(sequences.map((sequence) => [sequence, [sequence.length, 1]]), { epochs: 2 }));
    using runner = await loadSequenceRegressor(model.save(), { numerics });
    assertEquals(await runner.predict(sequences), await model.predict(sequences));
    assertEquals(runner.outputs, 2);
  });

  for (const head of [{ labels: [0, 1] }, { outputs: 1 }]) {
    Deno.test(`a tagger of ${Object.keys(head)} runs as it was trained: ${numerics}`, async () => {
      using model = await SequenceTagger.create({ tokens: LETTERS, hidden: 8, numerics, ...head });
      await finish(model.fit(WORDS.map((word) => [word, [...word].map((c) => c === "a" ? 1 : 0)]), { epochs: 2 }));
      using runner = await loadSequenceTagger(model.save(), { numerics });
      assertEquals(await runner.predict(WORDS), await model.predict(WORDS));
      assertEquals(runner.labels, model.labels);
    });
  }

  for (const attention of ["bahdanau", "dot", "general", "concat", "none"] as AttentionKind[]) {
    for (const layers of [1, 2]) {
      Deno.test(`a Seq2Seq runs as it was trained: ${attention}, ${layers} layers, ${numerics}`, async () => {
        const pairs = WORDS.map((word): Pair => [word, [...word].toReversed().join("")]);
        const sizes = { cell: layers === 1 ? gru() : lstm(), hidden: 8, layers, attention, dropout: 0.1 };
        using model = await Seq2Seq.create({
          ...sizes,
          source: LETTERS,
          target: LETTERS,
          bidirectional: attention !== "dot",
          longest: { source: 4, target: 5 },
          numerics,
        });
        await finish(model.fit(pairs, { epochs: 3 }));
        using runner = await loadSeq2Seq(model.save(), { numerics });
        assertEquals(await runner.translate(WORDS), await model.translate(WORDS));
        assertEquals(await runner.translate(WORDS, { length: 2 }), await model.translate(WORDS, { length: 2 }));
        for (const options of [{}, { width: 3, length: 4, lengthPenalty: 0 }]) {
          assertEquals(await runner.beamSearch("abcd", options), await model.beamSearch("abcd", options));
        }
        if (attention !== "none") assertEquals(runner.align("abcd", "dcbab"), model.align("abcd", "dcbab"));
      });
    }
  }

  for (const conditions of [{}, { labels: ["x", "y"] }, { vector: 2 }, { labels: ["x", "y"], vector: 2 }]) {
    const kind = Object.keys(conditions).join(" and ") || "nothing";
    Deno.test(`a generator conditioned on ${kind} runs as it was trained: ${numerics}`, async () => {
      const texts = WORDS.map((text, i): ConditionedText => ({
        text,
        ..."labels" in conditions && { label: i % 2 ? "x" : "y" },
        ..."vector" in conditions && { vector: [i / 10, 1] },
      }));
      using model = await SequenceGenerator.create(texts, { ...conditions, hidden: [6, 5], dropout: 0.1, numerics });
      await finish(model.fit(texts, { epochs: 3 }));
      using runner = await loadSequenceGenerator(model.save(), { numerics });
      const { text: _, ...condition } = texts[3];
      const drawn = { ...condition, prompt: "ab", seed: 2, topK: 3, topP: 0.9, temperature: 1.2 };
      for (const options of [{ ...condition, seed: 1 }, drawn, { ...condition, temperature: 0 }]) {
        assertEquals(await Array.fromAsync(runner.generate(options)), await Array.fromAsync(model.generate(options)));
      }
      assertEquals(runner.vocabulary.toJSON(), model.vocabulary.toJSON());
    });
  }
}

Deno.test("a runner saves the file of the model, and has the size and the parameters of the model", async () => {
  using model = await SequenceClassifier.create({ tokens: LETTERS, labels: ["no", "yes"], hidden: 8 });
  using runner = await loadSequenceClassifier(model.save());
  assertEquals(runner.save(), model.save());
  assertEquals(runner.parameters(), model.parameters());
  assertEquals([runner.size, runner.summary()], [model.size, model.summary()]);
  const count = [...model.parameters().values()].reduce((sum, { data }) => sum + data.length, 0);
  assertEquals(model.size, count);
});

Deno.test("a runner takes sequences longer than all before, and numbers of 16 bits", async () => {
  const long = "abcd".repeat(100);
  using model = await SequenceClassifier.create({ tokens: LETTERS, labels: ["no", "yes"], hidden: 8 });
  const { tensors, metadata } = readSafetensors(model.save());
  const halves = [...tensors].map(([name, tensor]) => [name, { ...tensor, dtype: "F16" } as TensorSource] as const);
  const file = writeSafetensors(halves, metadata);
  using half = await SequenceClassifier.load(file), runner = await loadSequenceClassifier(file);
  assertEquals(await runner.predict([long, "a"]), await half.predict([long, "a"]));
  assertEquals(await runner.predict(["a", long]), await half.predict(["a", long]));
});

Deno.test("a runner refuses other files and unknown cells, and every call after its disposal", async () => {
  const own: Cell = { ...gru(), name: "mine" };
  using model = await LanguageModel.create(TEXT, { cell: own, hidden: [4] });
  await assertRejects(() => loadLanguageModel(new Uint8Array(3)), FormatError);
  await assertRejects(() => loadSeq2Seq(model.save()), FormatError, "the file is that of a language model");
  await assertRejects(() => loadLanguageModel(model.save()), FormatError, 'its cell "mine" is none of ours');
  const runner = await loadLanguageModel(model.save(), { cell: own });
  assertEquals(await runner.states("a"), await model.states("a"));
  await assertRejects(() => runner.states(""), OptionError, '"text" must not be empty');
  runner[Symbol.dispose]();
  await assertRejects(() => runner.states("a"), DisposedError);
});
