/** Texts that are shorter than the default streams, and likelihoods of single texts. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { compile, crossEntropy, gru, LanguageModel, OptionError } from "../../mod.ts";

const TEXT = "the cat sat on the mat. the dog sat on the log. ".repeat(20);
const model = () => LanguageModel.create(TEXT, { cell: gru(), hidden: 8, seed: 1, numerics: "exact" });

Deno.test("a short text is cut into as few streams as give whole windows", async () => {
  for (const [length, streams] of [[159, 3], [51, 1], [50, 1], [30, 1], [900, 17]]) {
    using trained = await model();
    let tokens = 0;
    for await (const event of trained.fit(TEXT.slice(0, length), { epochs: 1 })) {
      if ("tokens" in event) tokens = event.tokens;
    }
    assertEquals(tokens, streams * Math.floor((length - 1) / streams), `${length} characters`);
  }
});

Deno.test("errors name batch and unroll", async () => {
  using trained = await model();
  const refused = (options: { batch?: number; unroll?: number }, text = TEXT.slice(0, 20)) =>
    assertRejects(async () => await trained.fit(text, options), OptionError);
  assert(/"batch"/.test((await refused({ batch: 20 })).message));
  assert(/"batch"/.test((await refused({ batch: 0 })).message));
  assert(/"unroll"/.test((await refused({ unroll: 0 })).message));
  assert(/2 tokens/.test((await refused({}, "t")).message), (await refused({}, "t")).message);
});

Deno.test("evaluate is the likelihood of a text as one sequence, from two tokens on", async () => {
  using trained = await model();
  await trained.fit(TEXT, { batch: 4, unroll: 20, epochs: 2 });
  using whole = await compile(trained.net, { batch: 1, steps: 960, loss: crossEntropy(), numerics: "exact" });
  whole.setParameters(trained.parameters());
  for (const length of [2, 3, 51, 300, 960]) {
    const text = TEXT.slice(0, length), ids = trained.vocabulary.encode(text);
    const { loss, tokens } = await trained.evaluate(text);
    assertEquals(tokens, length - 1);
    // Sums of windows against one sum.
    assertAlmostEquals(loss, whole.evaluate({ x: ids.subarray(0, -1), y: ids.subarray(1) }).loss, 1e-5);
  }
  await assertRejects(() => trained.evaluate("t"), OptionError);
});

Deno.test("streams asks for parallel streams, as the validation of fit measures", async () => {
  using trained = await model();
  let validated = 0;
  for await (const event of trained.fit(TEXT, { batch: 4, unroll: 20, epochs: 1, validation: TEXT })) {
    if (event.type === "evaluation") validated = event.loss;
  }
  assertEquals((await trained.evaluate(TEXT, { streams: 10 })).loss, validated);
  assert((await trained.evaluate(TEXT)).loss !== validated);
});
