/** Probabilities of texts and of next tokens, prompts that are read once, and logits that the user changes. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { LanguageModel, Vocabulary } from "../../mod.ts";
import { SequenceGenerator } from "../../models.ts";
import { OptionError } from "../../src/errors.ts";

const TEXT = "the sea, the whale and the ship sailed (far)\n".repeat(8);

const trained = async (source: string | Vocabulary = TEXT) => {
  const model = await LanguageModel.create(source, { hidden: 12, layers: 1, seed: 1 });
  await model.fit(TEXT, { batch: 4, unroll: 10, epochs: 8 });
  return model;
};
const WORDS = Vocabulary.words(TEXT, { special: ["<unk>", "<eos>"] });

Deno.test("a text has the probability that evaluate measures, and that of its tokens together", async () => {
  using model = await trained();
  const { loss, tokens } = await model.evaluate(TEXT);
  const scored = await model.score(TEXT.slice(1), { prompt: TEXT[0] });
  assertEquals(scored.tokens.length, tokens);
  // `evaluate` sums f32 losses of windows.
  assertAlmostEquals(scored.logProbability / tokens, -loss, 1e-6);
  assertAlmostEquals(scored.tokens.reduce((sum, { logProbability }) => sum + logProbability, 0), scored.logProbability);
  assertEquals(scored.tokens.map(({ token }) => token).join(""), TEXT.slice(1));
});

Deno.test("a text of one token has the probability of that token in the distribution", async () => {
  using model = await trained();
  for (const prompt of [undefined, "the s"]) {
    const all = await model.next({ prompt });
    assertEquals(all.length, model.vocabulary.size);
    assertAlmostEquals(all.reduce((sum, { probability }) => sum + probability, 0), 1, 1e-6);
    assert(all.every(({ probability }, i) => i === 0 || probability <= all[i - 1].probability));
    for (const { token, id, probability } of all) {
      assertEquals(model.vocabulary.tokens[id], token);
      const { logProbability } = await model.score(token, { prompt });
      assertAlmostEquals(Math.exp(logProbability), probability, 1e-6);
    }
  }
});

for (const source of [TEXT, WORDS]) {
  const kind = typeof source === "string" ? "characters" : "words";
  Deno.test(`${kind}: a continuation that a search finds has the probability that the search gives`, async () => {
    using model = await trained(source);
    const found = await model.beamSearch({ prompt: "the sea", length: 5, width: 3 });
    for (const { text, logProbability } of found) {
      assertAlmostEquals((await model.score(text, { prompt: "the sea" })).logProbability, logProbability, 1e-5);
    }
  });

  Deno.test(`${kind}: what is read once goes on as what is read again`, async () => {
    using model = await trained(source);
    const begun = await model.read("the sea, "), prompt = await model.read("the wha", { prompt: begun });
    const ways = [prompt, await model.read("the sea, the wha"), "the sea, the wha"];
    const results = await Promise.all(ways.map(async (prompt) => ({
      written: await model.write({ prompt, seed: 5, length: 20 }),
      found: await model.beamSearch({ prompt, length: 6 }),
      next: await model.next({ prompt }),
      score: await model.score("le and", { prompt }),
    })));
    assertEquals(results[1], results[2]);
    assertEquals(results[0], results[2]);
  });
}

Deno.test("a prompt that is read does not change when it is used, and reads no token again", async () => {
  using model = await trained();
  const prompt = await model.read("the ship ");
  const before = structuredClone(prompt.states);
  const [first, second] = [await model.write({ prompt, seed: 1 }), await model.write({ prompt, seed: 1 })];
  assertEquals(first, second);
  assertEquals(prompt.states, before);
  assertEquals(prompt.read, "the ship".length);
});

Deno.test("a word that ends differently behind the next text is read again", async () => {
  using model = await trained(WORDS);
  const prompt = await model.read("ship", { prompt: await model.read("the whale and the ") });
  assertEquals(await model.next({ prompt }), await model.next({ prompt: "the whale and the ship" }));
  const joined = await model.read("led", { prompt: await model.read("the ship sai") });
  assertEquals(await model.next({ prompt: joined }), await model.next({ prompt: "the ship sailed" }));
});

Deno.test("what cannot be read or scored is named", async () => {
  using model = await trained();
  using other = await trained(WORDS);
  const prompt = await model.read("the sea");
  await assertRejects(
    () => other.write({ prompt }),
    OptionError,
    '"prompt" was read by a model with another vocabulary',
  );
  await assertRejects(() => model.score(""), OptionError, '"text" must have at least one token');
  await assertRejects(() => model.read(["t"], { prompt }), OptionError, '"text" must be a text behind a text');
  await assertRejects(() => model.score("a", { promt: "b" } as object), OptionError, 'did you mean "prompt"?');
  await assertRejects(
    () => model.next({ signal: AbortSignal.abort(new Error("enough")), prompt: "the" }),
    Error,
    "enough",
  );
});

Deno.test("the hook sees all tokens so far, and bans, prefers and punishes tokens", async () => {
  using model = await trained();
  const { vocabulary } = model, e = vocabulary.id("e")!;
  for (const temperature of [0, 1]) {
    const seen: number[][] = [];
    const written = await model.write({
      prompt: "the",
      temperature,
      length: 40,
      logits(logits, ids) {
        assertEquals(logits.length, vocabulary.size);
        seen.push([...ids]);
        logits[e] = -Infinity;
      },
    });
    assert(!written.includes("e") && written.length === 40);
    assertEquals(vocabulary.decode(seen[0]), "the");
    assertEquals(vocabulary.decode(seen[39]), "the" + written.slice(0, 39));
  }
  const only = await model.write({ length: 5, logits: (logits) => (logits[e] += 1000) as unknown as void });
  assertEquals(only, "eeeee");
  const plain = await model.write({ length: 60, temperature: 0 });
  assertEquals(await model.write({ length: 60, temperature: 0, logits() {} }), plain);
  // A penalty of 1000 for what stands there already writes every character once.
  const once = (logits: Float32Array, ids: readonly number[]) => ids.forEach((id) => logits[id] -= 1000);
  const distinct = await model.write({ prompt: "t", length: 10, temperature: 0, logits: once });
  assertEquals(new Set("t" + distinct).size, 11);
  await assertRejects(
    () => model.write({ logits: 3 as unknown as () => void }),
    OptionError,
    '"logits" must be a function',
  );
});

Deno.test("a hook keeps a generator from ending before a minimum length", async () => {
  const vocabulary = Vocabulary.characters("abc", { special: ["<bos>", "<eos>"] }), end = vocabulary.id("<eos>")!;
  using model = await SequenceGenerator.create(vocabulary, { hidden: 6, seed: 2 });
  const write = (least: number, seed: number) =>
    model.write({
      seed,
      length: 30,
      logits(logits, ids) {
        if (ids.length <= least) logits[end] = -Infinity;
      },
    });
  const lengths = await Promise.all(Array.from({ length: 30 }, async (_, seed) => (await write(6, seed)).length));
  assert(lengths.every((length) => length >= 6), lengths.join());
  assert((await Promise.all(lengths.map((_, seed) => write(0, seed)))).some((text) => text.length < 6));
});
