/** A server's life: any number of calls at once, of any lengths, also beside a training. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DisposedError, gru, LanguageModel } from "../../mod.ts";
import { Seq2Seq, SequenceClassifier, SequenceGenerator, SequenceRegressor, SequenceTagger } from "../../models.ts";

const SIZES = { cell: gru(), hidden: 8, seed: 1, numerics: "exact" } as const;
const ABC = "abcabcabaacb".repeat(8);

const sequence = (length: number) => Array.from({ length }, (_, i) => (i * i + length) % 5);
const LENGTHS = [3, 700, 1, 40, 1300, 2, 90, 8, 512, 513];

/** The calls of a model, each a function that may run at any time, and gives what can be compared. */
interface Calls extends Disposable {
  readonly calls: readonly (() => Promise<unknown>)[];
  /** A training with at least two steps. */
  train(): AsyncIterable<unknown>;
}

async function text(pieces: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(pieces)).join("");
}

const MODELS: Record<string, () => Promise<Calls>> = {
  async classifier() {
    const model = await SequenceClassifier.create({ tokens: 5, labels: ["x", "y"], ...SIZES });
    const samples = LENGTHS.map((length, i) => [sequence(length), i % 2 ? "x" : "y"] as const);
    return {
      calls: [
        ...LENGTHS.map((length) => () => model.predict([sequence(length)])),
        () => model.predict(LENGTHS.map(sequence)),
        () => model.evaluate(samples),
      ],
      train: () => model.fit(samples.slice(2, 4), { batch: 1, epochs: 2 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
  async tagger() {
    const model = await SequenceTagger.create({ tokens: 5, labels: [0, 1], bidirectional: false, ...SIZES });
    const samples = LENGTHS.map((length) => [sequence(length), sequence(length).map((n) => n % 2)] as const);
    return {
      calls: [...LENGTHS.map((length) => () => model.predict([sequence(length)])), () => model.evaluate(samples)],
      train: () => model.fit(samples.slice(2, 4), { batch: 1, epochs: 2 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
  async regressor() {
    const model = await SequenceRegressor.create({ tokens: 5, outputs: 1, pooling: "mean", ...SIZES });
    const samples = LENGTHS.map((length) => [sequence(length), [length / 100]] as const);
    return {
      calls: [...LENGTHS.map((length) => () => model.predict([sequence(length)])), () => model.evaluate(samples)],
      train: () => model.fit(samples.slice(2, 4), { batch: 1, epochs: 2 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
  async "language model"() {
    const model = await LanguageModel.create(ABC, SIZES);
    return {
      calls: [
        ...[1, 60, 5].map((length) => () => model.write({ prompt: ABC.slice(0, 3 * length), length, seed: length })),
        ...[2, 7].map((width) => () => model.beamSearch({ prompt: "ab", width, length: 4 })),
        () => model.states(ABC),
        () => model.states("ab"),
        () => model.evaluate(ABC),
        () => text(model.generate({ length: 20, seed: 3 })),
        () => model.evaluate("ab"),
      ],
      train: () => model.fit(ABC, { batch: 2, unroll: 5, steps: 4 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
  async "encoder and decoder"() {
    const model = await Seq2Seq.create({ source: 5, target: 5, ...SIZES });
    const pairs = [3, 12, 1, 30].map((length) => [sequence(length), sequence(length)] as const);
    const lengths = [2, 40, 1, 9];
    return {
      calls: [
        ...lengths.map((length) => () => model.translate([sequence(length)], { length: 2 * length })),
        ...lengths.map((length) => () => model.beamSearch(sequence(length), { width: 1 + length % 4, length: 6 })),
        async () => await model.align(sequence(4), sequence(3)),
        () => model.evaluate(pairs),
      ],
      train: () => model.fit(pairs, { batch: 1, epochs: 1 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
  async "sequence generator of vectors"() {
    const texts = ["abc", "bca", "cab"].map((text, i) => ({ text, vector: [i, 1] }));
    const model = await SequenceGenerator.create(texts, { ...SIZES, vector: 2 });
    return {
      calls: [
        ...[1, 2, 3, 4].map((seed) => () => model.write({ seed, vector: [seed, 1 / seed] })),
        () => model.evaluate(texts),
      ],
      train: () => model.fit(texts, { batch: 1, epochs: 2 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
  async "sequence generator"() {
    const model = await SequenceGenerator.create(["abc", "bca", "cab"], SIZES);
    return {
      calls: [
        ...[1, 2, 3, 4].map((seed) => () => model.write({ seed })),
        () => model.evaluate(["abc", "ccc"]),
      ],
      train: () => model.fit(["abc", "bca"], { batch: 1, epochs: 2 }),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  },
};

for (const [name, create] of Object.entries(MODELS)) {
  Deno.test(`calls at once give what they give alone: ${name}`, async () => {
    using model = await create();
    const alone: unknown[] = [];
    for (const call of model.calls) alone.push(await call());
    const { calls } = model;
    const all = [...calls, ...calls.toReversed(), ...calls];
    const found = await Promise.all(all.map((call) => call()));
    assertEquals(found, [...alone, ...alone.toReversed(), ...alone]);
  });

  Deno.test(`calls run while a training is suspended, with its parameters: ${name}`, async () => {
    using model = await create();
    using other = await create();
    const untrained = await model.calls.at(-1)!();
    const seen: unknown[] = [];
    for await (const event of model.train()) {
      seen.push(await Promise.all([model.calls[0](), model.calls.at(-1)!()]), (event as { type: string }).type);
    }
    // The same training, whose calls come when it is over up to each event: two trainings do not know of their calls.
    const events: string[] = [];
    for await (const event of other.train()) events.push((event as { type: string }).type);
    assertEquals(seen.filter((_, i) => i % 2), events);
    assertEquals(await Promise.all([model.calls[0](), model.calls.at(-1)!()]), seen.at(-2));
    assertEquals(await model.calls.at(-1)!(), await other.calls.at(-1)!());
    assert(JSON.stringify(untrained) !== JSON.stringify(await model.calls.at(-1)!()), "the training shows");
  });

  Deno.test(`calls beside a running training end, and disturb nothing: ${name}`, async () => {
    using model = await create();
    using quiet = await create();
    await Array.fromAsync(quiet.train());
    let isTraining = true;
    const training = Array.fromAsync(model.train()).finally(() => isTraining = false);
    while (isTraining) await Promise.all(model.calls.map((call) => call()));
    await training;
    for (let i = 0; i < model.calls.length; i++) assertEquals(await model.calls[i](), await quiet.calls[i]());
  });

  Deno.test(`a call of a disposed model speaks of the model: ${name}`, async () => {
    const model = await create();
    const begun = model.calls.map((call) => call().then(() => undefined, (error: unknown) => error));
    model[Symbol.dispose]();
    for (const error of await Promise.all(begun)) {
      if (error) assert(error instanceof DisposedError && /model/.test(error.message), String(error));
    }
    for (const call of model.calls) await assertRejects(call, DisposedError, "model");
  });
}
