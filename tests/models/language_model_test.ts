import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  adam,
  type Cell,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  elman,
  embedding,
  type FitEvent,
  FormatError,
  gru,
  LanguageModel,
  lstm,
  oneHot,
  OptionError,
  readSafetensors,
  recurrent,
  sequential,
  streams,
  type TensorSource,
  writeSafetensors,
} from "../../mod.ts";

const TEXT = "abracadabra, said the wizard. ".repeat(20);

async function written(model: LanguageModel, options = { length: 40, seed: 3 }): Promise<string> {
  let text = "";
  for await (const piece of model.generate(options)) text += piece;
  return text;
}

const CELLS: Record<string, () => Cell> = {
  lstm: () => lstm(),
  "lstm without biases": () => lstm({ bias: false }),
  gru: () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
  "elman relu": () => elman({ activation: "relu" }),
};

for (const [name, cell] of Object.entries(CELLS)) {
  Deno.test(`${name}: a loaded model is the model that was saved`, async () => {
    using model = await LanguageModel.create(TEXT, { cell: cell(), hidden: [8, 5], embedding: 3, seed: 2 });
    for await (const event of model.fit(TEXT, { batch: 4, unroll: 10 })) assert(event.loss > 0);
    using copy = await LanguageModel.load(model.save());
    assertEquals(copy.save(), model.save());
    assertEquals(await written(copy), await written(model));
    assertEquals(await copy.evaluate(TEXT), await model.evaluate(TEXT));
  });
}

Deno.test("a model whose file has 16-bit numbers is nearly the same model", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [8], seed: 2 });
  const { tensors, metadata } = readSafetensors(model.save());
  const halves = [...tensors].map(([name, tensor]) => [name, { ...tensor, dtype: "F16" } as TensorSource] as const);
  using copy = await LanguageModel.load(writeSafetensors(halves, metadata));
  const [own, half] = [await model.evaluate(TEXT), await copy.evaluate(TEXT)];
  // Rounding changes weights of order 1/3 by at most 2^-13, the logits by some 1e-3, and the mean loss by less.
  assert(Math.abs(own.bitsPerToken - half.bitsPerToken) < 1e-3 && own.bitsPerToken !== half.bitsPerToken);
});

Deno.test("a model trains as a session of the same layers does on the windows of streams", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [8], seed: 2 });
  const { vocabulary } = model, V = vocabulary.size, size = { batch: 3, unroll: 30 };
  const net = sequential({
    embedding: oneHot(V),
    rnn: recurrent(lstm(), { input: V, hidden: 8 }),
    decoder: dense(8, V),
  });
  const training = { loss: crossEntropy(), optimizer: adam({ learningRate: 2e-3 }), clip: clipNorm(5) };
  using session = await compile(net, { batch: 3, steps: 30, seed: 2, ...training });
  const want: number[] = [], losses: number[] = [];
  for (let epoch = 0; epoch < 2; epoch++) {
    let first = true;
    for (const { x, y } of streams(vocabulary.encode(TEXT), size)) {
      want.push(session.step({ x, y }, { states: first ? "zero" : "carry" }).loss);
      first = false;
    }
  }
  for await (const { loss } of model.fit(TEXT, { ...size, epochs: 2 })) losses.push(loss);
  assertEquals(losses, want);
});

Deno.test("evaluating and writing between two steps does not change the training", async () => {
  const options = { batch: 3, unroll: 7 }, losses: number[] = [], disturbed: number[] = [];
  using plain = await LanguageModel.create(TEXT, { hidden: [8] });
  for await (const { loss } of plain.fit(TEXT, options)) losses.push(loss);
  using other = await LanguageModel.create(TEXT, { hidden: [8] });
  for await (const { loss } of other.fit(TEXT, options)) {
    disturbed.push(loss);
    await other.evaluate(TEXT);
    await written(other, { length: 3, seed: 1 });
  }
  assertEquals(disturbed, losses);
});

Deno.test("an abort ends the training between two steps, and the model can be trained again", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [8] });
  const controller = new AbortController();
  let steps = 0;
  const run = async () => {
    for await (const { step } of model.fit(TEXT, { batch: 2, unroll: 5, epochs: 100, signal: controller.signal })) {
      steps = step;
      if (step === 3) controller.abort(new Error("enough"));
    }
  };
  await assertRejects(run, Error, "enough");
  assertEquals(steps, 3);
  for await (const { step } of model.fit(TEXT, { batch: 2, unroll: 5 })) assert(step > 0);
});

Deno.test("steps limit a training over several epochs, and end it within an epoch", async () => {
  const options = { batch: 4, unroll: 50 }, windows = Math.ceil(Math.floor((TEXT.length - 1) / 4) / 50);
  for (
    const [limits, steps, epoch] of [[{ steps: windows + 1 }, windows + 1, 2], [{ steps: 99, epochs: 1 }, windows, 1]]
  ) {
    using model = await LanguageModel.create(TEXT, { hidden: [4] });
    let last: FitEvent | undefined;
    for await (const event of model.fit(TEXT, { ...options, ...limits as { steps?: number; epochs?: number } })) {
      last = event;
    }
    assertEquals([last?.step, last?.steps, last?.epoch], [steps, steps, epoch]);
  }
  using model = await LanguageModel.create(TEXT, { hidden: [4] });
  await assertRejects(() => model.fit(TEXT, { steps: 0 }).next(), OptionError, '"steps"');
});

Deno.test("an abort ends an evaluation", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [4] });
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => model.evaluate(TEXT, { signal }), Error, "enough");
});

Deno.test("timers run while a model trains", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [64] });
  let fired = false;
  setTimeout(() => fired = true, 1);
  const start = performance.now();
  for await (const _ of model.fit(TEXT, { batch: 8, unroll: 20, epochs: 1000 })) if (fired) break;
  assert(fired, `no timer in ${performance.now() - start} ms`);
});

Deno.test("bad input is refused", async () => {
  await assertRejects(() => LanguageModel.create(""), OptionError);
  using model = await LanguageModel.create(TEXT, { hidden: [4] });
  await assertRejects(() => written(model, { length: -1, seed: 0 }), OptionError, '"length"');
  await assertRejects(() => model.evaluate("XYZ"), OptionError, "X");
  await assertRejects(() => model.fit(TEXT, { epochs: 0 }).next(), OptionError, '"epochs"');
  const step = model.fit(TEXT, { batch: 2, unroll: 5 }).next();
  await assertRejects(() => model.fit(TEXT).next(), OptionError, "already");
  await step;
  await assertRejects(() => LanguageModel.load(new Uint8Array(3)), FormatError);
});

for (const [name, cell] of Object.entries(CELLS)) {
  Deno.test(`${name}: the states of a text are those of a net that reads the text at once`, async () => {
    using model = await LanguageModel.create(TEXT, { cell: cell(), hidden: [8, 5], embedding: 3, numerics: "exact" });
    const text = "a wizard said", states = await model.states(text);
    const { tensors } = readSafetensors(model.save());
    for (let n = 1; n <= text.length; n += 4) {
      using session = await compile(
        sequential({
          embedding: embedding(model.vocabulary.size, 3),
          rnn: recurrent(cell(), { input: 3, hidden: [8, 5] }),
          decoder: dense(5, model.vocabulary.size),
        }),
        { batch: 1, steps: n, numerics: "exact" },
      );
      session.setParameters(tensors);
      session.forward(model.vocabulary.encode(text.slice(0, n)));
      const last = session.states();
      assertEquals([...states.keys()], Object.keys(last));
      for (const [name, state] of states) {
        const H = last[name].length;
        assertEquals(state.length, text.length * H);
        assertEquals(state.slice((n - 1) * H, n * H), last[name]);
      }
    }
  });
}

Deno.test("states do not disturb a training, and need a text without unknown characters", async () => {
  const losses = async (look: boolean) => {
    using model = await LanguageModel.create(TEXT, { hidden: [8], seed: 2 });
    const losses: number[] = [];
    for await (const { loss } of model.fit(TEXT, { batch: 4, unroll: 10, steps: 20 })) {
      losses.push(loss);
      if (look) await model.states("said");
    }
    return losses;
  };
  assertEquals(await losses(true), await losses(false));

  using model = await LanguageModel.create(TEXT, { hidden: [8] });
  await assertRejects(() => model.states(""), OptionError, '"text" must not be empty');
  await assertRejects(() => model.states("Ω"), OptionError, "Ω");
  await assertRejects(() => model.states("said", { signal: AbortSignal.abort(new Error("enough")) }), Error, "enough");
});

Deno.test("a model has its cell, sizes and threads, and threads train it to the same bits", async () => {
  const train = async (threads: number) => {
    using model = await LanguageModel.create(TEXT, { cell: gru(), hidden: [16, 8], seed: 2, threads });
    assertEquals([model.cell.name, model.hidden, model.threads], [gru().name, [16, 8], threads]);
    for await (const event of model.fit(TEXT, { batch: 4, unroll: 10, steps: 5 })) {
      assert(event.loss > 0);
      assertEquals(model.threads, threads);
    }
    using copy = await LanguageModel.load(model.save(), { threads });
    for await (const _ of copy.fit(TEXT, { batch: 4, unroll: 10, steps: 1 })) assertEquals(copy.threads, threads);
    return model.save();
  };
  assertEquals(await train(2), await train(1));
  await assertRejects(() => LanguageModel.create(TEXT, { threads: 0 }), OptionError, '"threads"');
});
