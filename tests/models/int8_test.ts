/** Models with int8 weights: `quantize`, their files, and what is refused. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { int8, quantize } from "../../int8.ts";
import {
  compile,
  FormatError,
  gru,
  type KernelOptions,
  LanguageModel,
  OptionError,
  readSafetensors,
  writeSafetensors,
} from "../../mod.ts";
import { Seq2Seq, SequenceClassifier, SequenceGenerator, SequenceRegressor, SequenceTagger } from "../../models.ts";
import {
  loadLanguageModel,
  loadSeq2Seq,
  loadSequenceClassifier,
  loadSequenceGenerator,
  loadSequenceRegressor,
  loadSequenceTagger,
} from "../../run.ts";
import { INT8_BUILDS } from "../support/int8.ts";

const ENTRY = "@unroll/rnn/int8", TEXT = "to be or not to be, that is the question", WORDS = ["ab", "cad", "b"];
const ONCE = { epochs: 1 };

/** What all models have, and what the test calls of each kind. */
interface Model extends Disposable {
  save(options?: { dtype?: "F16" }): Uint8Array<ArrayBuffer>;
  quantize(options?: Pick<KernelOptions, "kernels">): Promise<Model>;
  parameters(): ReturnType<LanguageModel["parameters"]>;
  predict(...all: unknown[]): Promise<unknown>;
  write(...all: unknown[]): Promise<unknown>;
  beamSearch(...all: unknown[]): Promise<unknown>;
  translate(...all: unknown[]): Promise<unknown>;
  fit(...all: unknown[]): PromiseLike<unknown>;
}

type Load = (bytes: Uint8Array<ArrayBuffer>, options?: KernelOptions) => Promise<unknown>;

/** A kind of model: how one is made, loaded to train and to run, run, and trained. */
interface Kind {
  create(options: KernelOptions): Promise<unknown>;
  load: Load;
  run: Load;
  results(model: Model): Promise<unknown>;
  fit(model: Model): PromiseLike<unknown>;
}

const KINDS: Record<string, Kind> = {
  "language model": {
    create: (options) => LanguageModel.create(TEXT, { hidden: [24, 20], cell: gru(), tied: true, ...options }),
    load: (bytes, options) => LanguageModel.load(bytes, options),
    run: loadLanguageModel,
    results: async (model) => [await model.write({ length: 20 }), await model.beamSearch({ width: 3, length: 5 })],
    fit: (model) => model.fit(TEXT, { batch: 2, unroll: 5, ...ONCE }),
  },
  classifier: {
    create: (options) =>
      SequenceClassifier.create({ tokens: 9, labels: ["a", "b"], hidden: 10, bidirectional: true, ...options }),
    load: (bytes, options) => SequenceClassifier.load(bytes, options),
    run: loadSequenceClassifier,
    results: (model) => model.predict([[1, 2, 3], [4], [5, 6]]),
    fit: (model) => model.fit([[[1, 2], "a"], [[3], "b"]], ONCE),
  },
  regressor: {
    create: (options) => SequenceRegressor.create({ features: 2, outputs: 3, hidden: 10, pooling: "mean", ...options }),
    load: (bytes, options) => SequenceRegressor.load(bytes, options),
    run: loadSequenceRegressor,
    results: (model) => model.predict([[1, 2, 3, 4], [0.5, -0.5]]),
    fit: (model) => model.fit([[[1, 2], [1, 2, 3]]], ONCE),
  },
  tagger: {
    create: (options) => SequenceTagger.create({ tokens: 9, labels: ["x", "y"], hidden: 10, ...options }),
    load: (bytes, options) => SequenceTagger.load(bytes, options),
    run: loadSequenceTagger,
    results: (model) => model.predict([[1, 2, 3], [4]]),
    fit: (model) => model.fit([[[1, 2], ["x", "y"]]], ONCE),
  },
  generator: {
    create: (options) => SequenceGenerator.create(WORDS, { hidden: [12], ...options }),
    load: (bytes, options) => SequenceGenerator.load(bytes, options),
    run: loadSequenceGenerator,
    results: (model) => model.write({ seed: 3 }),
    fit: (model) => model.fit(WORDS, ONCE),
  },
  seq2seq: {
    create: (options) => Seq2Seq.create({ source: 7, target: 7, hidden: 12, ...options }),
    load: (bytes, options) => Seq2Seq.load(bytes, options),
    run: loadSeq2Seq,
    results: (model) => model.translate([[4, 5, 6], [3]], { length: 5 }),
    fit: (model) => model.fit([[[4, 5], [6]]], ONCE),
  },
};

for (const [name, { create, load, run, results, fit }] of Object.entries(KINDS)) {
  Deno.test(`a ${name} with int8 weights runs, saved or not, with the same results in all builds`, async () => {
    using model = await create({ kernels: int8 }) as Model;
    await fit(model);
    const before = model.save();
    using small = await model.quantize();
    assertEquals(model.save(), before, "the model itself is not changed");
    await fit(model);
    assertNotEquals(model.save(), before, "the model can still be trained");
    const want = await results(small), file = small.save();
    assert(file.length < before.length);
    for (const kernels of [int8, INT8_BUILDS.plain]) {
      using loaded = await load(file, { kernels }) as Model;
      using runner = await run(file, { numerics: kernels }) as Model;
      using again = await runner.quantize();
      for (const each of [loaded, runner, again]) {
        assertEquals(await results(each), want);
        assertEquals(each.save(), file);
      }
    }
    using runner = await run(before, {}) as Model;
    using other = await runner.quantize({ kernels: int8 });
    assertEquals(other.save(), file, "a runner is quantized as its model");
  });

  Deno.test(`a ${name} with int8 weights needs their kernels, and is not trained`, async () => {
    using model = await create({}) as Model;
    await assertRejects(() => model.quantize(), OptionError, ENTRY);
    await assertRejects(() => model.quantize({ kernel: int8 } as never), OptionError, '"kernel"');
    using small = await model.quantize({ kernels: int8 });
    const file = small.save(), before = await results(small);
    await assertRejects(() => load(file), FormatError, ENTRY);
    await assertRejects(() => run(file), FormatError, ENTRY);
    await assertRejects(async () => await fit(small), OptionError, "Cannot train int8 weights");
    assertThrows(() => small.save({ dtype: "F16" }), OptionError, "int8");
    assertEquals(await results(small), before, "nothing is changed");
  });
}

Deno.test("the net and the parameters of a quantized model make a session of the same bits", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [24], kernels: int8 });
  using small = await model.quantize();
  const sizes = { batch: 1, steps: 4, kernels: int8 }, x = [1, 2, 3, 4];
  using session = await compile(small.net, sizes), other = await compile(model.net, sizes);
  session.setParameters(small.parameters());
  const { net, parameters } = quantize(model.net, model.parameters());
  using same = await compile(net, sizes);
  same.setParameters(parameters);
  assertEquals(same.forward(x), session.forward(x));
  other.setParameters(model.parameters());
  assertNotEquals(other.forward(x), session.forward(x));
  const { loss } = await small.evaluate(TEXT), { loss: exact } = await model.evaluate(TEXT);
  assert(loss !== exact && Math.abs(loss - exact) < 0.01, `${loss}, in f32 ${exact}`);
});

Deno.test("the file of an int8 model has its integers, and is refused where they are broken", async () => {
  using model = await LanguageModel.create("ab".repeat(30), { hidden: [16], kernels: int8 });
  using small = await model.quantize();
  const { tensors, metadata } = readSafetensors(small.save());
  const weight = tensors.get("rnn.weight_hh_l0")!, scales = tensors.get("rnn.weight_hh_l0.scale")!;
  assertEquals([weight.dtype, scales.dtype], ["I8", "F32"]);
  const refused = async (metadata: Record<string, string>, word: string) => {
    const file = writeSafetensors(tensors, metadata);
    await assertRejects(() => LanguageModel.load(file, { kernels: int8 }), FormatError, word);
  };
  const [[key, content]] = Object.entries(metadata);
  await refused({ [key]: content.replace('"int8"', '"int4"') }, '"weights" must be one of "int8"');
  await refused({ [key]: content.replace('"weights":"int8",', "").replace(',"weights":"int8"', "") }, ENTRY);
  tensors.set("rnn.weight_hh_l0.scale", { dtype: "F32", shape: [1], data: Float32Array.of(1) });
  await refused(metadata, "rnn.weight_hh_l0.scale");
  tensors.delete("rnn.weight_hh_l0.scale");
  await refused(metadata, "rnn.weight_hh_l0.scale");
});
