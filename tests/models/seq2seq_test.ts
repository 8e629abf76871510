import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Cell,
  FormatError,
  gru,
  lstm,
  OptionError,
  readSafetensors,
  Vocabulary,
  writeSafetensors,
} from "../../mod.ts";
import { type AttentionKind, type Pair, Seq2Seq, type Seq2SeqFitOptions, type Seq2SeqOptions } from "../../models.ts";
import { Generator } from "../../src/random/generator.ts";

const LETTERS = Vocabulary.characters("abcdef", { special: ["<unk>"] });
const SIZES = { cell: gru(), hidden: 24, longest: 6, seed: 1, numerics: "exact" } as const;

/** Words, and the successors of their letters in reverse order. */
const PAIRS = words(60, 1);

function words(n: number, seed: number): Pair[] {
  const random = new Generator(seed), letters = "abcdef";
  return Array.from({ length: n }, () => {
    const word = Array.from({ length: 1 + random.integer(4) }, () => random.integer(6));
    const target = word.toReversed().map((i) => letters[(i + 1) % 6]).join("");
    return [word.map((i) => letters[i]).join(""), target] as const;
  });
}

function make(options: Partial<Seq2SeqOptions> = {}): Promise<Seq2Seq> {
  return Seq2Seq.create({ source: LETTERS, target: LETTERS, ...SIZES, ...options });
}

/** Train the model. Returns the losses of all steps. */
async function train(model: Seq2Seq, options: Seq2SeqFitOptions = {}, pairs = PAIRS): Promise<number[]> {
  const losses: number[] = [];
  for await (const event of model.fit(pairs, { batch: 20, ...options })) {
    if (event.type === "step") losses.push(event.loss);
  }
  return losses;
}

const KINDS: AttentionKind[] = ["bahdanau", "dot", "general", "concat", "none"];

for (const attention of KINDS) {
  for (const layers of [1, 2]) {
    Deno.test(`a model learns to translate: ${attention}, ${layers} layers`, async () => {
      using model = await make({ attention, layers, bidirectional: attention !== "dot" });
      const before = await model.evaluate(PAIRS);
      const losses = await train(model, { epochs: 200 });
      assertAlmostEquals(losses[0], before.loss, 0.2);
      const { loss, perplexity, errorRate, wrong, tokens } = await model.evaluate(PAIRS);
      assert(loss < 0.1 && errorRate < 0.02 && wrong < 0.05, `loss ${loss}, errors ${errorRate}, wrong ${wrong}`);
      assertAlmostEquals(perplexity, Math.exp(loss), 1e-6);
      assertEquals(tokens, PAIRS.reduce((sum, [, target]) => sum + target.length + 1, 0));
    });
  }
}

const trained = (async () => {
  const model = await make();
  await train(model, { epochs: 60 });
  return model.save();
})();

Deno.test("a file gives back the model, which can be trained further", async () => {
  const bytes = await trained;
  using one = await Seq2Seq.load(bytes, { numerics: "exact" }), two = await Seq2Seq.load(bytes, { numerics: "exact" });
  assertEquals(await one.evaluate(PAIRS), await two.evaluate(PAIRS));
  assertEquals(one.save(), bytes);
  assert((await one.evaluate(PAIRS)).errorRate < 0.02);
  assertEquals(await train(one, { steps: 3 }), await train(two, { steps: 3 }));
});

Deno.test("other files are refused, and a cell that is not the library's must be given", async () => {
  const load = (bytes: Uint8Array) => Seq2Seq.load(bytes);
  await assertRejects(() => load(new Uint8Array(3)), FormatError);
  const own: Cell = { ...gru(), name: "mine", equations: undefined };
  using model = await make({ cell: own });
  const bytes = model.save();
  await assertRejects(() => load(bytes), FormatError, 'its cell "mine" is none of ours');
  using again = await Seq2Seq.load(bytes, { cell: own });
  assertEquals(again.save(), bytes);
  const { tensors, metadata } = readSafetensors(bytes), key = "unroll.model";
  const changed = (text: string) => writeSafetensors(tensors, { [key]: text });
  const description = metadata[key];
  await assertRejects(
    () => load(changed(description.replace('"version":1', '"version":2'))),
    FormatError,
    "the file has version 2; this version of the library reads versions up to 1",
  );
  await assertRejects(() => load(changed(description.replace("hidden", "width"))), FormatError, 'has no "hidden"');
  await assertRejects(() => load(changed("{")), FormatError, "is not JSON");
  await assertRejects(() => load(writeSafetensors(tensors)), FormatError, "was it written by save()?");
});

Deno.test("translations do not depend on the other sources; without a vocabulary they are ids", async () => {
  using model = await Seq2Seq.load(await trained, { numerics: "exact" });
  const sources = words(100, 2).map(([source]) => source);
  const all = await model.translate(sources);
  for (const [i, source] of sources.entries()) assertEquals((await model.translate([source]))[0], all[i]);
  for (const { ids, text, ended } of all) {
    assert(ended);
    assertEquals(LETTERS.decode(ids), text);
  }
  const [short] = await model.translate(["abcd"], { length: 2 });
  assertEquals([short.ids.length, short.ended, short.text], [2, false, "ed"]);

  const ids = PAIRS.map(([source, target]) =>
    [LETTERS.encode(source as string), LETTERS.encode(target as string)] as const
  );
  using numbers = await make({ source: 7, target: 7 }), texts = await make();
  assertEquals(await train(numbers, { epochs: 2 }, ids), await train(texts, { epochs: 2 }));
  const [one] = await numbers.translate([ids[0][0]]), [other] = await texts.translate([PAIRS[0][0]]);
  assertEquals([one.ids, one.text], [other.ids, other.ids.join(" ")]);
});

Deno.test("a beam of width 1 is greedy, and a wider one finds no less probable translation", async () => {
  using model = await make();
  await train(model, { epochs: 5 });
  for (const [source] of PAIRS.slice(0, 10)) {
    const [greedy] = await model.translate([source]);
    const [one] = await model.beamSearch(source, { width: 1, lengthPenalty: 0 });
    assertEquals(one.ids, greedy.ids);
    assertAlmostEquals(one.logProbability, greedy.logProbability, 1e-9);
    const found = await model.beamSearch(source, { width: 20, lengthPenalty: 0 });
    assert(found[0].logProbability >= greedy.logProbability - 1e-9);
    assertEquals(new Set(found.map(({ ids }) => ids.join())).size, found.length);
    assert(found.every(({ ids }) => !ids.includes(0)), "<unk> is not written");
  }
});

Deno.test("the decoder attends to the letters in reverse order, as the task reverses them", async () => {
  for (const attention of ["general", "bahdanau"] as const) {
    using model = await make({ attention });
    await train(model, { epochs: 60 });
    const { source, target, weights } = model.align("abcd", "edcb");
    assertEquals([source, target], [[..."abcd"], [..."edcb", "<eos>"]]);
    for (const row of weights) assertAlmostEquals(row.reduce((a, b) => a + b), 1, 1e-5);
    const looked = weights.slice(0, 4).map((row) => row.indexOf(Math.max(...row)));
    assert(looked[0] >= looked[3], `${attention}: ${looked}`);
    assertEquals(model.align("abcd", "").target, ["<eos>"]);
  }
  using none = await make({ attention: "none" });
  assertThrows(() => none.align("a", "b"), OptionError, "Cannot align");
});

Deno.test("scheduled sampling has the given probability, and the same run gives the same bits", async () => {
  using forced = await make(), none = await make(), some = await make(), again = await make(), all = await make();
  const losses = await train(forced, { epochs: 4 });
  assertEquals(await train(none, { epochs: 4, sampling: () => 0 }), losses);
  const steps: number[] = [];
  const sampling = (step: number) => (steps.push(step), 0.5);
  const sampled = await train(some, { epochs: 4, sampling });
  assertEquals(steps, sampled.map((_, i) => i));
  assertEquals(await train(again, { epochs: 4, sampling: 0.5 }), sampled);
  assert(sampled[0] !== losses[0]);
  // At probability 1, with targets of one token, the decoder reads begin and one token of its own.
  const single: Pair[] = [["a", "b"], ["b", "c"], ["c", "d"]];
  await train(all, { epochs: 300, sampling: 1, batch: 3 }, single);
  assertEquals((await all.translate(["a", "b", "c"])).map(({ text }) => text), ["b", "c", "d"]);
  await assertRejects(
    () => train(all, { sampling: 2 }),
    OptionError,
    '"sampling" must be a number from 0 to 1, got 2',
  );
});

Deno.test("with validation the training ends early and restores the best parameters", async () => {
  using model = await make();
  const validation = words(20, 3), losses: number[] = [];
  let reason = "";
  for await (const event of model.fit(PAIRS, { batch: 20, epochs: 200, validation, patience: 2 })) {
    if (event.type === "evaluation") losses.push(event.loss);
    if (event.type === "end") reason = event.reason;
  }
  assertEquals(reason, "patience");
  assertAlmostEquals((await model.evaluate(validation)).loss, Math.min(...losses), 1e-6);
});

Deno.test("an aborted training ends between two steps, and the model stays usable", async () => {
  using model = await make();
  const controller = new AbortController();
  const run = async () => {
    for await (const { step } of model.fit(PAIRS, { signal: controller.signal })) {
      if (step === 2) controller.abort(new Error("enough"));
    }
  };
  await assertRejects(run, Error, "enough");
  const step = model.fit(PAIRS).next();
  await assertRejects(() => train(model), OptionError, "already being trained");
  await step;
  for await (const _ of model.fit(PAIRS)) {
    assertEquals((await model.translate(["abc"])).length, 1); // Between two steps.
    break;
  }
  assertEquals((await train(model, { steps: 2 })).length, 2);
  await assertRejects(() => model.translate(["a"], { signal: AbortSignal.abort(new Error("no")) }), Error, "no");
});

Deno.test("sequences that cannot be read are refused with their numbers", async () => {
  const letters = Vocabulary.characters("abc");
  using model = await make({ source: letters, longest: { source: 4, target: 3 } });
  const refused: [Pair[], string][] = [
    [[["a", "b"], ["", "b"]], "Cannot read source 1: it must have at least one token, got none"],
    [[["a", ""]], "Cannot read target 0: it must have at least one token"],
    [[["abcab", "a"]], 'Cannot read source 0: it must have at most 4 tokens, as "longest" says, got 5'],
    [[["a", "abcd"]], 'Cannot read target 0: it must have at most 3 tokens, as "longest" says, got 4'],
    [[["a", "b"], ["axe", "a"]], 'got "x"'],
    [[[[0, 3], "a"]], '"source"'],
  ];
  for (const [pairs, text] of refused) {
    await assertRejects(() => train(model, {}, pairs), OptionError, text);
    await assertRejects(() => model.evaluate(pairs), OptionError, text);
  }
  await assertRejects(() => model.translate(["abd"]), OptionError, 'got "d"');
  await assertRejects(() => model.beamSearch("a", { width: 100 }), OptionError, "width");
  assertEquals(await make().then(async (known) => (await known.translate(["xyz"])).length), 1); // <unk> <unk> <unk>
  using ids = await make({ source: 3 });
  await assertRejects(() => ids.translate(["ab"]), OptionError, 'without a vocabulary it must be ids, got "ab"');
});

Deno.test("options out of range are refused", async () => {
  const refused: [Partial<Seq2SeqOptions>, string][] = [
    [{ hidden: 0 }, '"hidden"'],
    [{ layers: 0 }, '"layers"'],
    [{ dropout: 1 }, '"dropout"'],
    [{ attention: "other" as "dot" }, '"attention"'],
    [{ attention: "dot" }, '"score" "dot" needs a source of the input\'s width'],
    [{ longest: 0 }, '"longest"'],
    [{ embedding: { source: 3, target: 0.5 } }, '"embedding.target"'],
    [{ source: 0 }, '"source"'],
  ];
  for (const [options, text] of refused) await assertRejects(() => make(options), OptionError, text);
});

Deno.test("a model uses <bos> and <eos> of its vocabulary", async () => {
  const target = Vocabulary.characters("abcdef", { special: ["<eos>", "<bos>", "<pad>"] });
  using model = await make({ target, cell: lstm(), dropout: 0.1 });
  await train(model, { epochs: 60, labelSmoothing: 0.01 });
  const [{ text, ended }] = await model.translate(["abc"]);
  assertEquals([text, ended], ["dcb", true]);
});
