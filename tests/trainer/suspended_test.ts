/** Trainings that are suspended, forgotten, awaited, replaced. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { adam, compile, crossEntropy, dense, fit, gru, LanguageModel, OptionError, type Session } from "../../mod.ts";
import { recurrent, sequential, type TrainerOptions } from "../../mod.ts";
import { Seq2Seq, SequenceClassifier, SequenceGenerator, SequenceRegressor, SequenceTagger } from "../../models.ts";

const net = () => sequential({ rnn: recurrent(gru(), { input: 2, hidden: 4, output: "last" }), decoder: dense(4, 2) });
const session = (learningRate = 0.01) =>
  compile(net(), {
    batch: 4,
    steps: 3,
    loss: crossEntropy(),
    optimizer: adam({ learningRate }),
    numerics: "exact",
    seed: 1,
  });
const DATA = {
  x: Array.from({ length: 10 }, (_, i) => Float32Array.from({ length: 2 * (1 + i % 3) }, (_, k) => (i * 7 + k) % 5)),
  y: Array.from({ length: 10 }, (_, i) => i % 2),
};
const TEXT = "abcabcabaacb".repeat(20);
const model = () => LanguageModel.create(TEXT, { cell: gru(), hidden: 8, seed: 1, numerics: "exact" });

const bits = (trained: Session) => [...trained.parameters()].map(([name, { data }]) => [name, [...data]]);

Deno.test("fit does nothing before it is iterated or awaited, and everything once", async () => {
  using trained = await session();
  const before = bits(trained);
  const training = fit(trained, DATA, { epochs: 2 });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(bits(trained), before);
  const history = await training;
  assertEquals(history.losses.length, 6);
  assertEquals(history.epochs.length, 2);
  assertEquals(history.end?.reason, "epochs");
  const after = bits(trained);
  assertEquals(await training, history);
  assertEquals(await Array.fromAsync(training), []);
  assertEquals(bits(trained), after);
});

Deno.test("awaiting gives what iterating gives, and goes on after a break", async () => {
  using iterated = await session();
  using awaited = await session();
  using broken = await session();
  const events = await Array.fromAsync(fit(iterated, DATA, { epochs: 3 }));
  const { losses } = await fit(awaited, DATA, { epochs: 3 });
  assertEquals(losses, events.flatMap((event) => event.type === "step" ? [event.loss] : []));
  const training = fit(broken, DATA, { epochs: 3 });
  for await (const { step } of training) if (step === 2) break;
  assertEquals((await training).losses, losses);
  for (const trained of [awaited, broken]) assertEquals(bits(trained), bits(iterated));
});

Deno.test("catch and finally are those of a promise", async () => {
  using trained = await session();
  const wrong = { x: DATA.x, y: DATA.y.map(() => 7) };
  assert(await fit(trained, wrong).catch((error) => error) instanceof OptionError);
  await assertRejects(async () => await fit(trained, wrong), OptionError);
  let isOver = false;
  const { losses } = await fit(trained, DATA, { steps: 1 }).finally(() => isOver = true);
  assert(isOver && losses.length === 1);
});

Deno.test("await of a model's fit trains it", async () => {
  using iterated = await model();
  using awaited = await model();
  const events = await Array.fromAsync(iterated.fit(TEXT, { batch: 4, unroll: 10, epochs: 2 }));
  const { losses } = await awaited.fit(TEXT, { batch: 4, unroll: 10, epochs: 2 });
  assertEquals(losses, events.map(({ loss }) => loss));
  assertEquals(awaited.save(), iterated.save());
});

Deno.test("the next fit ends a training that is suspended and forgotten", async () => {
  using trained = await session();
  const forgotten = fit(trained, DATA, { epochs: 5 })[Symbol.asyncIterator]();
  await forgotten.next();
  assertEquals((await fit(trained, DATA, { epochs: 1 })).end?.reason, "epochs");
  const { value } = await forgotten.next();
  assert(value?.type === "end" && value.reason === "replaced" && value.step === 1, JSON.stringify(value));
  assertEquals(await forgotten.next(), { done: true, value: undefined });
});

Deno.test("the next fit of a model ends a training that is suspended and forgotten", async () => {
  using trained = await model();
  const forgotten = trained.fit(TEXT, { batch: 4, unroll: 10, epochs: 5 })[Symbol.asyncIterator]();
  await forgotten.next();
  await trained.fit(TEXT, { batch: 4, unroll: 10, epochs: 1 });
  const { value } = await forgotten.next();
  assert(value?.type === "end" && value.reason === "replaced", JSON.stringify(value));
  assertEquals(await forgotten.next(), { done: true, value: undefined });
});

Deno.test("a training with a step in progress refuses another fit, and goes on", async () => {
  using trained = await session();
  using alone = await session();
  const running = fit(trained, DATA, { epochs: 2 });
  const first = running.next();
  await assertRejects(async () => await fit(trained, DATA), OptionError, "in progress");
  await first;
  await running;
  await fit(alone, DATA, { epochs: 2 });
  assertEquals(bits(trained), bits(alone));

  using text = await model();
  const training = text.fit(TEXT, { batch: 4, unroll: 10 });
  const next = training.next();
  await assertRejects(async () => await text.fit(TEXT), OptionError, "already being trained");
  await next;
});

/** As many calls of `fit` as there are options, on one session. */
async function fits(...options: TrainerOptions[]): Promise<{ bits: unknown; losses: number[]; steps: number[] }> {
  using trained = await session();
  const losses: number[] = [], steps: number[] = [];
  for (const given of options) {
    for await (const event of fit(trained, DATA, given)) {
      if (event.type === "step") losses.push(event.loss), steps.push(event.step);
    }
  }
  return { bits: bits(trained), losses, steps };
}

Deno.test("a second fit of a session goes on: the order of samples, epochs and steps", async () => {
  const whole = await fits({ epochs: 4, seed: 3 });
  assertEquals(await fits({ epochs: 1, seed: 3 }, { epochs: 1 }, { epochs: 2 }), whole);
  assertEquals(await fits({ steps: 1, seed: 3 }, { steps: 4 }, { steps: 7 }), whole, "within an epoch");
  assertEquals(whole.steps, Array.from({ length: 12 }, (_, i) => i + 1));
});

Deno.test("a second fit of a model goes on as one fit would", async () => {
  const options = { batch: 4, unroll: 10 };
  using whole = await model();
  using parts = await model();
  const events = await Array.fromAsync(whole.fit(TEXT, { ...options, epochs: 6 }));
  const steps: number[] = [];
  for (let i = 0; i < 6; i++) for await (const { step } of parts.fit(TEXT, { ...options, epochs: 1 })) steps.push(step);
  assertEquals(steps, events.map(({ step }) => step));
  assertEquals(parts.save(), whole.save());
});

Deno.test("other settings start the optimizer anew, and the first event says so", async () => {
  using trained = await model();
  const options = { batch: 4, unroll: 10, steps: 1 };
  const first = async (learningRate: number) => {
    const [event] = await Array.fromAsync(trained.fit(TEXT, { ...options, optimizer: adam({ learningRate }) }));
    return "restarted" in event ? event.restarted : undefined;
  };
  assertEquals(await first(0.01), undefined);
  assertEquals(await first(0.01), undefined);
  assertEquals(await first(0.02), true);
  assertEquals(await first(0.02), undefined);
});

Deno.test("load starts anew", async () => {
  using trained = await model();
  const options = { batch: 4, unroll: 10, epochs: 1 };
  await trained.fit(TEXT, options);
  using loaded = await LanguageModel.load(trained.save(), { numerics: "exact" });
  const [event] = await Array.fromAsync(loaded.fit(TEXT, options));
  assertEquals(event.step, 1);
  assert(!("restarted" in event && event.restarted));
});

Deno.test("an awaited training is in progress also between two events", async () => {
  using trained = await session();
  const training = fit(trained, DATA, { epochs: 3 });
  let isOver = false, free = 0, looks = 0;
  const awaited = training.then(() => isOver = true);
  while (!isOver) {
    await Promise.resolve();
    if (!isOver && !training.isBusy) free++;
    // Between two microtasks as a rule; now and then a task, since the training waits for turns of the event loop.
    if (++looks % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  await awaited;
  assertEquals([free, training.isBusy], [0, false]);
});

const SAMPLES = Array.from({ length: 9 }, (_, i) => [DATA.x[i].map((x) => x % 3), i % 2] as const);
const PAIRS = SAMPLES.map(([x]) => [x, x.toReversed()] as const);
const SIZES = { cell: gru(), hidden: 6, seed: 1, numerics: "exact" } as const;

/** Each kind of model that trains on samples, and its training. */
const MODELS = {
  classifier: async () => {
    const model = await SequenceClassifier.create({ tokens: 3, labels: [0, 1], ...SIZES });
    return { model, fit: (options: TaskOptions) => model.fit(SAMPLES, options) };
  },
  regressor: async () => {
    const model = await SequenceRegressor.create({ tokens: 3, outputs: 1, dropout: 0.2, ...SIZES });
    return { model, fit: (options: TaskOptions) => model.fit(SAMPLES, options) };
  },
  tagger: async () => {
    const model = await SequenceTagger.create({ tokens: 3, labels: [0, 1, 2], ...SIZES });
    const samples = SAMPLES.map(([x]) => [x, [...x]] as const);
    return { model, fit: (options: TaskOptions) => model.fit(samples, options) };
  },
  generator: async () => {
    const texts = SAMPLES.map(([x]) => "abc".repeat(3).slice(0, x.length));
    const model = await SequenceGenerator.create(texts, SIZES);
    return { model, fit: (options: TaskOptions) => model.fit(texts, options) };
  },
  "encoder and decoder": async () => {
    const model = await Seq2Seq.create({ source: 3, target: 3, ...SIZES });
    return { model, fit: (options: TaskOptions) => model.fit(PAIRS, { ...options, sampling: 0.3 }) };
  },
};
interface TaskOptions {
  readonly batch?: number;
  readonly epochs?: number;
  readonly seed?: number;
  readonly optimizer?: ReturnType<typeof adam>;
}

for (const [name, create] of Object.entries(MODELS)) {
  Deno.test(`fits of one epoch each train as one fit of all epochs, in the order of the first one's seed: ${name}`, async () => {
    const whole = await create();
    const parts = await create();
    const { losses } = await whole.fit({ batch: 2, epochs: 5, seed: 3 });
    const found: number[] = [];
    for (let i = 0; i < 5; i++) {
      const options = { batch: 2, epochs: 1, optimizer: adam({ learningRate: 2e-3 }), ...i === 0 && { seed: 3 } };
      found.push(...(await parts.fit(options)).losses);
    }
    assertEquals(found, losses);
    assertEquals(parts.model.save(), whole.model.save());
    whole.model[Symbol.dispose]();
    parts.model[Symbol.dispose]();
  });

  Deno.test(`a training that is suspended at its first event is ended by the next fit: ${name}`, async () => {
    const { model, fit } = await create();
    await fit({ epochs: 1 });
    const forgotten = fit({ epochs: 1, optimizer: adam({ learningRate: 0.1 }) });
    const first = await forgotten.next();
    assertEquals(first.value?.type, "restart");
    await fit({ epochs: 1 });
    const { value } = await forgotten.next();
    assert(value?.type === "end" && value.reason === "replaced", JSON.stringify(value));
    assertEquals((await forgotten).end?.reason, "replaced");
    model[Symbol.dispose]();
  });
}
