import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  adam,
  type FitOptions,
  type GenerateOptions,
  LanguageModel,
  OptionError,
  type SearchOptions,
  type SpecialToken,
  Vocabulary,
} from "../../mod.ts";
import { readable } from "../../src/decoding/generate.ts";

const TEXT = "The sea, the sea; the whale and the ship.\nThe ship sailed the sea, the whale sailed the sea.\n".repeat(
  12,
);
const SPECIAL: SpecialToken[] = ["<pad>", "<unk>", "<bos>", "<eos>"];

const OPTIONS: FitOptions = { batch: 4, unroll: 12, epochs: 10, optimizer: adam({ learningRate: 0.02 }) };

async function written(model: LanguageModel, options: GenerateOptions = {}): Promise<string[]> {
  return await Array.fromAsync(model.generate({ length: 40, ...options }));
}

async function trained(tokens: "characters" | "words"): Promise<LanguageModel> {
  const model = await LanguageModel.create(TEXT, { tokens, hidden: [24], seed: 4 });
  for await (const { loss } of model.fit(TEXT, OPTIONS)) assert(loss > 0);
  return model;
}

Deno.test("the same seed gives the same text, another seed another text", async () => {
  using model = await trained("characters");
  const options = { temperature: 0.9, topK: 8, topP: 0.95 };
  const first = await written(model, { ...options, seed: 1 });
  assertEquals(await written(model, { ...options, seed: 1 }), first);
  assertNotEquals(await written(model, { ...options, seed: 2 }), first);
  assertNotEquals(await written(model, { seed: 1 }), first);
});

Deno.test("top-k of one token, a small top-p and temperature 0 are greedy", async () => {
  for (const tokens of ["characters", "words"] as const) {
    using model = await trained(tokens);
    const greedy = await written(model, { prompt: "The", temperature: 0 });
    for (const options of [{ topK: 1 }, { topP: 1e-6 }, { topK: 1, temperature: 3 }, { temperature: 1e-3 }]) {
      assertEquals(await written(model, { prompt: "The", ...options }), greedy, JSON.stringify(options));
    }
  }
});

Deno.test("writing ends with the token that completes a stop", async () => {
  for (const tokens of ["characters", "words"] as const) {
    using model = await trained(tokens);
    for (const stop of [["\n"], ["ea"], ["le and", "ship "], ["."]]) {
      const all = (await written(model, { length: 300, seed: 5 })).join("");
      const text = (await written(model, { length: 300, seed: 5, stop })).join("");
      assert(stop.some((part) => all.includes(part)), `${tokens}: no ${stop} in ${all}`);
      assert(all.startsWith(text) && text.length < all.length, text);
      assert(stop.some((part) => text.includes(part)), text);
      // The last token completes the stop text: the text without that token has none.
      const before = (await written(model, { length: 300, seed: 5, stop })).slice(0, -1).join("");
      assert(stop.every((part) => !before.includes(part)), before);
    }
  }
});

Deno.test("<eos> ends the text, <unk>, <pad> and <bos> are never written", async () => {
  using model = await LanguageModel.create(Vocabulary.characters("ab", { special: SPECIAL }), { hidden: [4] });
  const lengths = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const pieces = await written(model, { seed, length: 200 });
    lengths.add(pieces.length);
    assert(pieces.every((piece) => piece === "a" || piece === "b"), `${pieces}`);
  }
  // One of three tokens ends the text, each about as likely.
  assert(lengths.size > 3 && Math.max(...lengths) < 100, `${[...lengths]}`);
  const silent = Vocabulary.list(["<unk>", "<pad>", "<bos>", "x"]);
  using other = await LanguageModel.create(silent, { hidden: [4] });
  assertEquals((await written(other, { length: 3 })).join(""), " x x x");
  assertEquals((await written(other, { length: 3, temperature: 0 })).join(""), " x x x");
});

Deno.test("a prompt may be a list of tokens, and the default is <bos>", async () => {
  using model = await LanguageModel.create(Vocabulary.characters("abc\n", { special: SPECIAL }), { hidden: [4] });
  assertEquals(await written(model), await written(model, { prompt: ["<bos>"] }));
  assertEquals(await written(model, { prompt: ["a", "b"] }), await written(model, { prompt: "ab" }));
  const certainty = async (options: SearchOptions) => (await model.beamSearch({ ...options, length: 1 }))[0].score;
  assertEquals(await certainty({}), await certainty({ prompt: ["<bos>"] }));
  assertNotEquals(await certainty({}), await certainty({ prompt: "c" }));
});

Deno.test("a stream has the pieces of generate, and its errors", async () => {
  using model = await trained("words");
  const options = { prompt: "The", length: 30, seed: 3 };
  assertEquals(await Array.fromAsync(model.generateStream(options)), await written(model, options));
  const bytes = model.generateStream(options).pipeThrough(new TextEncoderStream());
  assertEquals(await new Response(bytes).text(), (await written(model, options)).join(""));
  await assertRejects(() => Array.fromAsync(model.generateStream({ topK: 0 })), OptionError, '"topK"');
});

Deno.test("each read of a stream makes one piece, and cancelling ends the generator", async () => {
  let made = 0, ended = false;
  async function* pieces(): AsyncGenerator<number, void, void> {
    try {
      for (;;) yield await Promise.resolve(++made);
    } finally {
      ended = true;
    }
  }
  const reader = readable(pieces()).getReader();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(made, 0);
  assertEquals((await reader.read()).value, 1);
  assertEquals((await reader.read()).value, 2);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([made, ended], [2, false]);
  await reader.cancel();
  assertEquals([made, ended], [2, true]);
});

Deno.test("a text continues when a training begins meanwhile", async () => {
  using model = await trained("characters");
  const pieces = model.generate({ length: 10 });
  await pieces.next();
  for await (const _ of model.fit(TEXT, { batch: 4, unroll: 12 })) break;
  assertEquals((await Array.fromAsync(pieces)).length, 9);
});

Deno.test("beam search ends with its stop tokens and never writes special tokens", async () => {
  using model = await trained("words");
  const found = await model.beamSearch({ prompt: "The sea, the", length: 12, stop: ["\n"], width: 4 });
  assertEquals(found.length, 4);
  for (const { text } of found) assert(!text.includes("<") && !text.slice(0, -1).includes("\n"), text);
  assert(found.some(({ text }) => text.endsWith("\n")));
  assert(found.every(({ score }, i) => i === 0 || score <= found[i - 1].score));
  const [one] = await model.beamSearch({ prompt: "The sea, the", length: 12, width: 1, lengthPenalty: 0 });
  assertEquals(one.text, (await written(model, { prompt: "The sea, the", length: 12, temperature: 0 })).join(""));
  using unsure = await LanguageModel.create(Vocabulary.list([...SPECIAL, "x"]), { hidden: [4] });
  const ways = await unsure.beamSearch({ length: 2, width: 10 });
  assertEquals(ways.map(({ text }) => text).sort(), ["", " x", " x x"]);
});

Deno.test("models of words and of characters are compared in bits per character", async () => {
  for (const tokens of ["characters", "words"] as const) {
    using model = await trained(tokens);
    // Tokens that do not fill 10 streams are left out.
    const text = TEXT.slice(0, 801), shown = tokens === "words" ? "Ah, Zulu 🌍! " + text : text;
    const { vocabulary } = model, ids = vocabulary.encode(shown);
    const evaluation = await model.evaluate(shown, { streams: 10 }), predicted = Math.floor((ids.length - 1) / 10) * 10;
    assertEquals(evaluation.tokens, predicted);
    const known = tokens === "words" ? Vocabulary.words(shown) : vocabulary, all = known.encode(shown);
    const until = (n: number) => [...known.decode(all.subarray(0, n))].length;
    assertEquals(evaluation.characters, until(predicted + 1) - until(1));
    assertEquals(evaluation.unknown, ids.slice(1, predicted + 1).filter((id) => id === vocabulary.id("<unk>")).length);
    const bits = evaluation.loss * predicted / Math.LN2 / evaluation.characters;
    assert(Math.abs(evaluation.bitsPerCharacter - bits) < 1e-12 * bits);
    if (tokens === "characters") assertEquals(evaluation.bitsPerCharacter, evaluation.bitsPerToken);
    else assert(evaluation.bitsPerCharacter < evaluation.bitsPerToken && evaluation.unknown > 0);
    assert(Math.abs(evaluation.perplexity - Math.exp(evaluation.loss)) < 1e-12 * evaluation.perplexity);
  }
});

Deno.test("a model of words, or of a given vocabulary, goes through a file", async () => {
  using words = await trained("words");
  assertEquals(words.vocabulary.tokens.slice(0, 4), ["<unk>", "\n", " ", ","]);
  const list = Vocabulary.list(["<pad>", "<eos>", "AA", "B", "CH"]);
  using given = await LanguageModel.create(list, { hidden: [4] });
  for (const model of [words, given]) {
    using copy = await LanguageModel.load(model.save());
    assertEquals(copy.vocabulary.toJSON(), model.vocabulary.toJSON());
    assertEquals(await written(copy), await written(model));
  }
});

Deno.test("bad options are refused", async () => {
  using model = await LanguageModel.create(TEXT, { tokens: "words", hidden: [4] });
  const refused: [GenerateOptions, string][] = [
    [{ topK: 0 }, '"topK"'],
    [{ topP: 0 }, '"topP"'],
    [{ temperature: -1 }, '"temperature"'],
    [{ stop: [""] }, '"stop"'],
    [{ seed: -1 }, '"seed"'],
    [{ topP: 2, length: 0 }, '"topP"'],
  ];
  for (const [options, message] of refused) await assertRejects(() => written(model, options), OptionError, message);
  const searches: [SearchOptions, string][] = [
    [{ width: 0 }, '"width"'],
    [{ width: 11 }, '"width" must be an integer from 1 to 10, got 11'],
    [{ stop: ["the sea"] }, 'must be one token of the vocabulary, got "the sea"'],
    [{ length: 0 }, '"length"'],
    [{ lengthPenalty: -1 }, '"lengthPenalty"'],
  ];
  for (const [options, message] of searches) {
    await assertRejects(() => model.beamSearch(options), OptionError, message);
  }
  const create = (source: string | Vocabulary, tokens: unknown) => () =>
    LanguageModel.create(source, { tokens: tokens as "words" });
  await assertRejects(create(TEXT, "syllables"), OptionError, '"tokens" must be one of "characters", "words"');
  await assertRejects(create(model.vocabulary, "words"), OptionError, '"tokens" is for texts');
});
