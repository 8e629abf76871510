import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  adam,
  type FitEvaluation,
  type FitEvent,
  FormatError,
  LanguageModel,
  OptionError,
  readSafetensors,
} from "../../mod.ts";
import { reduceOnPlateau } from "../../schedules.ts";

const TEXT = "abracadabra, said the wizard. ".repeat(20), OTHER = "the wizard said a card, a cadabra. ".repeat(6);
const SIZES = { hidden: [12], seed: 2 }, FIT = { batch: 4, unroll: 10 };

async function all<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const found: Event[] = [];
  for await (const event of events) found.push(event);
  return found;
}

Deno.test("a tied model learns, counts the weight once, and is the same when loaded", async () => {
  const sizes = { ...SIZES, hidden: [10, 12], tied: true };
  using model = await LanguageModel.create(TEXT, sizes);
  const V = model.vocabulary.size;
  assertEquals(model.size, V * 12 + V + 4 * 10 * (12 + 10 + 2) + 4 * 12 * (10 + 12 + 2));
  const before = (await model.evaluate(TEXT)).loss;
  assert(Math.abs(before - Math.log(V)) < 0.3, `${before}`);
  await all(model.fit(TEXT, { ...FIT, epochs: 10, optimizer: adam({ learningRate: 0.02 }) }));
  assert((await model.evaluate(TEXT)).loss < before - 1);
  const { tensors } = readSafetensors(model.save());
  assertEquals(tensors.get("decoder.weight")!.data, tensors.get("embedding.weight")!.data);
  using copy = await LanguageModel.load(model.save());
  assertEquals(copy.save(), model.save());
  assertEquals(copy.size, model.size);
  await all(copy.fit(TEXT, { ...FIT, steps: 2 }));
  const after = readSafetensors(copy.save()).tensors;
  assertEquals(after.get("decoder.weight")!.data, after.get("embedding.weight")!.data);
  await assertRejects(
    () => LanguageModel.create(TEXT, { ...sizes, embedding: 11 }),
    OptionError,
    '"embedding" must be 12',
  );
});

Deno.test("dropout acts in training only, and threads give the same bits", async () => {
  const losses = async (options: { dropout?: number; threads?: number }) => {
    using model = await LanguageModel.create(TEXT, { ...SIZES, embedding: 6, ...options });
    const { loss } = await model.evaluate(TEXT), [first] = await all(model.fit(TEXT, { ...FIT, steps: 1 }));
    using copy = await LanguageModel.load(model.save());
    assertEquals(copy.save(), model.save());
    return [loss, first.loss, (await model.evaluate(TEXT)).loss];
  };
  const plain = await losses({}), dropped = await losses({ dropout: 0.5 });
  assertEquals(await losses({ threads: 2 }), plain);
  assertEquals(dropped[0], plain[0]);
  assert(dropped[1] !== plain[1]);
  await assertRejects(() => LanguageModel.create(TEXT, { dropout: 1 }), OptionError, '"dropout"');
});

Deno.test("fit evaluates a validation text as evaluate does, and restores the best parameters", async () => {
  using model = await LanguageModel.create(TEXT, SIZES);
  const losses: number[] = [], saved: Uint8Array[] = [];
  const optimizer = adam({ learningRate: 0.1 });
  for await (const event of model.fit(TEXT, { ...FIT, epochs: 12, optimizer, validation: OTHER, patience: 2 })) {
    if (event.type !== "evaluation") continue;
    const { loss, bitsPerToken } = await model.evaluate(OTHER, { streams: 10 });
    assertEquals([event.loss, event.bitsPerToken], [loss, bitsPerToken]);
    losses.push(loss);
    saved.push(model.save());
  }
  const best = losses.indexOf(Math.min(...losses));
  // Three evaluations that are no better end the training.
  assert(losses.length < 12 && losses.length === best + 4, losses.join());
  assertEquals(model.save(), saved[best]);
});

Deno.test("evaluations come every so many steps, and without a validation text there are none", async () => {
  using model = await LanguageModel.create(TEXT, SIZES);
  const events = await all(model.fit(TEXT, { ...FIT, steps: 6, validation: OTHER, every: 2 }));
  assertEquals(events.map(({ type, step }) => `${type} ${step}`), [
    ...["step 1", "step 2", "evaluation 2", "step 3", "step 4", "evaluation 4", "step 5", "step 6", "evaluation 6"],
  ]);
  for (const event of await all(model.fit(TEXT, { ...FIT, steps: 3 }))) assertEquals(event.type, "step");
});

Deno.test("an interrupted training continues bit for bit, at whichever step it was interrupted", async () => {
  const schedule = () => adam({ learningRate: 0.01, schedule: reduceOnPlateau({ patience: 0, factor: 0.5 }) });
  const options = () => ({ ...FIT, steps: 40, validation: OTHER, every: 7, optimizer: schedule() });
  using whole = await LanguageModel.create(TEXT, SIZES);
  const events: (FitEvent | FitEvaluation)[] = await all(whole.fit(TEXT, options()));
  for (const at of [1, 7, 14, 15, 16, 29]) {
    using first = await LanguageModel.create(TEXT, SIZES);
    for await (const event of first.fit(TEXT, options())) if (event.type === "step" && event.step === at) break;
    await all(first.generate({ length: 3 })); // This changes the states of the session, not those of the training.
    const resume = first.checkpoint();
    using second = await LanguageModel.create(TEXT, { ...SIZES, seed: 9 });
    const rest = await all(second.fit(TEXT, { ...options(), resume }));
    const from = events.findIndex(({ type, step }) => type === "step" && step === at);
    assertEquals(rest, events.slice(from + 1), `from step ${at}`);
    assertEquals(second.save(), whole.save(), `from step ${at}`);
  }
});

Deno.test("seconds end a training, and files that are no checkpoints are refused", async () => {
  using model = await LanguageModel.create(TEXT, SIZES);
  assertThrows(() => model.checkpoint(), OptionError, "not been trained");
  const start = performance.now(), [first] = await all(model.fit(TEXT, { ...FIT, seconds: 0.2 }));
  assert(performance.now() - start < 5000);
  assertEquals(first.steps, Infinity);
  const before = model.save();
  await assertRejects(() => all(model.fit(TEXT, { resume: model.save() })), FormatError, "checkpoint");
  assertEquals(model.save(), before);
  using larger = await LanguageModel.create(TEXT, { ...SIZES, hidden: [13] });
  const error = await assertRejects(() => all(larger.fit(TEXT, { ...FIT, resume: model.checkpoint() })), Error);
  assertStringIncludes(error.message, "another net");
});
