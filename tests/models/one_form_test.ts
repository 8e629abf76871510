/** One word and one form for one thing: what all models have in common, held by one table of all of them. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import * as inference from "../../inference.ts";
import * as unroll from "../../mod.ts";
import * as models from "../../models.ts";
import * as mpi from "../../mpi.ts";
import * as onnx from "../../onnx.ts";
import * as load from "../../run.ts";
import type { ModelRunner } from "../../src/models/run/model.ts";

const { clipNorm, DisposedError, LanguageModel, OptionError, sgd, ShapeError, Vocabulary } = unroll;
type Options = Record<string, unknown>;
type Trained = unroll.ModelTraining<unroll.Metrics, { type: string; step?: number; gradientNorm?: number }>;
type Model = ModelRunner & { fit(data: unknown, options?: Options): Trained };

const TEXT = "a cab, a bad cab, abc. ".repeat(4), WORDS = ["abc", "cab", "bad", "dab", "acdc", "b"];
const tokens = Vocabulary.characters("abcd");
const text = async (pieces: AsyncIterable<string>) => (await Array.fromAsync(pieces)).join("");

/** All models: how they are made, what they train on, what they answer, and the same without training. */
const MODELS: Record<string, {
  create(options: Options): Promise<unknown>;
  run(bytes: Uint8Array<ArrayBuffer>, options: Options): Promise<ModelRunner>;
  readonly data: unknown;
  // deno-lint-ignore no-explicit-any
  answer(model: any): Promise<unknown>;
  /** Options of `fit` beside those of all models. */
  readonly fit?: Options;
}> = {
  LanguageModel: {
    create: (options) => LanguageModel.create(TEXT, options),
    run: load.loadLanguageModel,
    data: TEXT,
    answer: (model) => text(model.generate({ length: 9 })),
    fit: { batch: 2, unroll: 8 },
  },
  SequenceGenerator: {
    create: (options) => models.SequenceGenerator.create(WORDS, options),
    run: load.loadSequenceGenerator,
    data: WORDS,
    answer: (model) => text(model.generate({ length: 9 })),
  },
  SequenceClassifier: {
    create: (options) => models.SequenceClassifier.create({ tokens, labels: ["no", "yes"], ...options }),
    run: load.loadSequenceClassifier,
    data: WORDS.map((word, i) => [word, i % 2 ? "yes" : "no"]),
    answer: (model) => model.predict(WORDS),
  },
  SequenceRegressor: {
    create: (options) => models.SequenceRegressor.create({ tokens, ...options }),
    run: load.loadSequenceRegressor,
    data: WORDS.map((word, i) => [word, i]),
    answer: (model) => model.predict(WORDS),
  },
  "SequenceTagger of labels": {
    create: (options) => models.SequenceTagger.create({ tokens, labels: [0, 1], ...options }),
    run: load.loadSequenceTagger,
    data: WORDS.map((word) => [word, [...word].map((_, i) => i % 2)]),
    answer: (model) => model.predict(WORDS),
  },
  "SequenceTagger of numbers": {
    create: (options) => models.SequenceTagger.create({ tokens, outputs: 1, ...options }),
    run: load.loadSequenceTagger,
    data: WORDS.map((word) => [word, [...word].map((_, i) => i)]),
    answer: (model) => model.predict(WORDS),
  },
  Seq2Seq: {
    create: (options) => models.Seq2Seq.create({ source: tokens, target: tokens, ...options }),
    run: load.loadSeq2Seq,
    data: WORDS.map((word) => [word, [...word].reverse().join("")]),
    answer: (model) => model.translate(WORDS),
  },
};

/** The parameters, each times a factor. */
function scaled({ parameters }: { parameters: Map<string, unroll.TensorCopy> }, factor: number) {
  return new Map(
    [...parameters].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x * factor) }]),
  );
}

/** The last layer of the recurrent part that all models have, from 0. */
function layersOf({ net }: ModelRunner): number {
  const names = Object.keys(net.parameters).filter((name) => /weight_hh_l\d+$/.test(name));
  return 1 + Math.max(...names.map((name) => Number(name.match(/\d+$/)![0])));
}

const SIZES = { numerics: "exact", seed: 3, hidden: 6 } as const;

for (const [name, { create, run, data, answer, fit = {} }] of Object.entries(MODELS)) {
  const made = async (options: Options = {}) => await create({ ...SIZES, ...options }) as Model;

  Deno.test(`${name}: hidden is a number or a list, layers are their number`, async () => {
    for (
      const [options, layers, hidden] of [
        [{}, 1, 6],
        [{ hidden: [5] }, 1, 5],
        [{ layers: 3 }, 3, 6],
        [{ hidden: [4, 4] }, 2, 4],
        [{ hidden: [4, 4], layers: 2 }, 2, 4],
      ] as const
    ) {
      using model = await made(options);
      assertEquals(layersOf(model), layers);
      const [shape] = Object.entries(model.net.parameters).filter(([key]) => key.endsWith("weight_hh_l0"));
      assertEquals(shape[1].shape, [4 * hidden, hidden]);
    }
    using model = await made({ hidden: undefined, layers: 1 });
    assertEquals(layersOf(model), 1);
    for (const hidden of [0, 1.5, "6", [], [6, 0], null]) {
      await assertRejects(() => made({ hidden }), OptionError, '"hidden"');
    }
    for (const layers of [0, 1.5, "1", [1]]) await assertRejects(() => made({ layers }), OptionError, '"layers"');
    await assertRejects(() => made({ hidden: [6], layers: 2 }), OptionError, '"hidden" must have one size for each');
  });

  Deno.test(`${name}: options of all models, and their common defaults`, async () => {
    for (const options of [{ cell: unroll.gru() }, { dropout: 0.5 }, { embedding: 3 }, { threads: 1 }]) {
      using model = await made(options);
      assert(model.size > 0);
    }
    using model = await made();
    assertEquals((await model.fit(data, fit)).epochs.length, 10);
    const { signal } = new AbortController();
    const common = {
      epochs: 4,
      seconds: 60,
      patience: 0,
      restoreBest: true,
      signal,
      every: 1,
      clip: clipNorm(1),
      batch: 3,
    };
    const optimizer = sgd({ learningRate: 0 });
    // No evaluation is better than the first one.
    const history = await model.fit(data, { ...fit, ...common, optimizer, validation: data });
    assertEquals(history.evaluations.length, 2);
    await assertRejects(async () => await model.fit(data, { clips: 1 }), OptionError, 'did you mean "clip"?');
  });

  Deno.test(`${name}: gradients are clipped to the norm 1, unless clip says another one`, async () => {
    const step = async (clip?: unroll.Clip) => {
      using model = await made();
      model.setParameters(scaled({ parameters: model.parameters() }, 15));
      let norm = 0;
      const training = model.fit(data, { ...fit, steps: 1, clip, optimizer: sgd({ learningRate: 0.5 }) });
      for await (const event of training) if (event.type === "step") norm = event.gradientNorm!;
      assert(norm > 1, `a norm of ${norm} is not clipped`);
      return model.parameters();
    };
    const first = await step();
    assertEquals(await step(clipNorm(1)), first);
    assertNotEquals(await step(clipNorm(0.9)), first);
  });

  Deno.test(`${name}: net, parameters, setParameters, summary and dispose, trained and run alone`, async () => {
    using trained = await made();
    using other = await made({ seed: 4 });
    for (const model of [trained, await run(trained.save(), { numerics: "exact" })]) {
      const before = await answer(model), parameters = model.parameters();
      assertEquals([...parameters.keys()], Object.keys(model.net.parameters));
      for (const key of parameters.keys()) assert(model.summary().includes(key), key);
      assertEquals(model.setParameters(other.parameters()), { missing: [], unexpected: [] });
      assertEquals(model.parameters(), other.parameters());
      assertEquals(await answer(model), await answer(other));
      assertThrows(() => model.setParameters(new Map()), ShapeError, "missing");
      assertEquals(model.parameters(), other.parameters());
      const [one] = parameters;
      assertEquals(model.setParameters(new Map([one]), { strict: false }).missing.length, parameters.size - 1);
      model.setParameters(parameters);
      assertEquals(await answer(model), before);
      model.dispose();
      model.dispose();
      assertThrows(() => model.parameters(), DisposedError);
      assertThrows(() => model.setParameters(parameters), DisposedError);
      assertThrows(() => model.summary(), DisposedError);
      await assertRejects(() => answer(model), DisposedError);
      assertEquals(Object.keys(model.net.parameters), [...parameters.keys()]);
    }
  });

  Deno.test(`${name}: a training that is suspended goes on with the parameters that were set`, async () => {
    const train = async (change: boolean) => {
      using model = await made();
      const training = model.fit(data, { ...fit, epochs: 3, optimizer: sgd({ learningRate: 0.1 }) });
      for await (const event of training) {
        if (event.type !== "step") continue;
        if (change) model.setParameters(scaled({ parameters: model.parameters() }, 2));
        break;
      }
      await training;
      return model.parameters();
    };
    assertNotEquals(await train(true), await train(false));
    assertEquals(await train(true), await train(true));
  });
}

Deno.test("the default seed of sampling is 0", async () => {
  for (const name of ["LanguageModel", "SequenceGenerator"]) {
    const model = await MODELS[name].create(SIZES) as
      & { generate(options: Options): AsyncIterable<string> }
      & ModelRunner;
    const written = await Promise.all([{}, { seed: 0 }, { seed: 1 }].map((options) => {
      return text(model.generate({ length: 40, ...options }));
    }));
    assertEquals(written[0], written[1]);
    assertNotEquals(written[0], written[2]);
    model.dispose();
  }
});

Deno.test("whatever `using` disposes has dispose() as well", () => {
  const found = [unroll, inference, models, mpi, onnx, load].flatMap((entry) => Object.values<unknown>({ ...entry }))
    .filter((value) => typeof value === "function" && Symbol.dispose in (value.prototype ?? {}));
  assert(found.length >= 8, `${found.length}`);
  for (const value of found as { prototype: Partial<unroll.Session>; name: string }[]) {
    assertEquals(typeof value.prototype.dispose, "function", value.name);
  }
});
