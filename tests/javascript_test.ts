/** Mistakes of programs without types: each is taken in its obvious meaning, or refused by an error that says more. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as unroll from "../mod.ts";
import * as models from "../models.ts";
import { OptionError, ShapeError } from "../src/errors.ts";

// deno-lint-ignore no-explicit-any
type Untyped = any;

const { compile, fit, gru, LanguageModel, lstm, recurrent, sequential, dense } = unroll as Untyped;
const { SequenceClassifier, Seq2Seq, SequenceTagger, SequenceRegressor, SequenceGenerator } = models as Untyped;
const tokens = unroll.Vocabulary.characters("abc ");
const labels = ["a", "b"];
const SIZES = { batch: 1, steps: 4 };

const small = () => LanguageModel.create("abc ", { hidden: 2, layers: 1 });

/** Each mistake with a part of its error. */
const REFUSED: Record<string, [call: () => unknown, message: string]> = {
  "a cell that is not called": [() => recurrent(gru, { input: 1, hidden: 1 }), '"cell" must be a cell, such as lstm()'],
  "the name of a cell": [
    () => SequenceClassifier.create({ tokens, labels, cell: "gru" }),
    '"cell" must be a cell, such as lstm(), got "gru"',
  ],
  "a cell of a model that is not called": [
    () => LanguageModel.create("abc", { cell: gru }),
    "got a function: call it",
  ],
  "the name of an optimizer": [
    () => compile(dense(1, 1), { ...SIZES, optimizer: "adam" }),
    '"optimizer" must be an optimizer, such as adam(), got "adam"',
  ],
  "a loss that is not called": [
    () => compile(dense(1, 1), { ...SIZES, loss: unroll.crossEntropy }),
    '"loss" must be a loss, such as crossEntropy(), got a function: call it',
  ],
  "clipping by a number": [() => compile(dense(1, 1), { ...SIZES, clip: 5 }), "clipping, such as clipNorm(5), got 5"],
  "a schedule that is not called": [() => unroll.adam({ schedule: unroll.cosine } as Untyped), '"schedule" must be'],
  "a net that is not called": [() => compile(dense, SIZES), '"net" must be a layer'],
  "a layer that is not called": [() => sequential({ rnn: recurrent }), '"rnn" must be a layer'],
  "no options": [() => compile(dense(1, 1)), "expected an object, got undefined"],
  "unknown numerics": [() => compile(dense(1, 1), { ...SIZES, numerics: "exct" }), '"numerics" must be one of'],
  "tokens as a text": [
    () => SequenceClassifier.create({ tokens: "abc", labels }),
    '"tokens" must be a vocabulary, a tokenizer, or the number of tokens, got "abc"',
  ],
  "no tokens": [() => SequenceClassifier.create({ labels }), 'Either "tokens" or "features" must be given'],
  "no labels": [() => SequenceClassifier.create({ tokens }), '"labels" must be an array, got undefined'],
  "no source": [
    () => Seq2Seq.create({ target: 3 }),
    '"source" must be a vocabulary, a tokenizer, or the number of tokens',
  ],
  "no text": [() => LanguageModel.create(), '"source" must be a text or a vocabulary, got undefined'],
  "a text for numbers": [
    () => unroll.adam({ learningRate: "0.1" } as Untyped),
    '"learningRate" must be a finite number',
  ],
  "a promise of bytes": [() => LanguageModel.load(Promise.resolve()), '"bytes" must be a Uint8Array or an ArrayBuffer'],
  "a path": [() => LanguageModel.load("a.safetensors"), '"bytes" must be a Uint8Array or an ArrayBuffer, got "a.safe'],
  "the constructor": [() => new LanguageModel("abc"), '"model" must be what `create` and `load` make, got "abc"'],
  "no text to train on": [async () => await (await small()).fit(), '"text" must be a text, got undefined'],
  "no text to evaluate": [async () => (await small()).evaluate(), '"text" must be a text, got undefined'],
  "a number as the prompt": [async () => (await small()).write({ prompt: 5 }), '"text" must be a text, got 5'],
  "a long text in a list": [
    async () => (await small()).evaluate(["x".repeat(1000)]),
    `got "${"x".repeat(40)}…"`,
  ],
  "no parameters": [async () => (await small()).setParameters(), '"tensors" must be a map of tensors by name'],
  "parameters as an object": [async () => (await small()).setParameters({}), "a map of tensors by name, got an object"],
  "parameters without shapes": [
    async () => {
      const model = await small();
      model.setParameters(new Map(Array.from(model.parameters().keys(), (name) => [name, new Float32Array(3)])));
    },
    "must have a shape and data",
  ],
  "one new name": [
    async () => (await small()).setParameters(new Map(), { rename: "rnn." }),
    '"rename" must be a function, or an object of texts, got "rnn."',
  ],
  "no bytes": [() => unroll.readSafetensors(undefined as Untyped), '"bytes" must be a Uint8Array or an ArrayBuffer'],
};

for (const [name, [call, message]] of Object.entries(REFUSED)) {
  Deno.test(`${name} is refused by a name and what was expected`, async () => {
    const error = await assertRejects(async () => await call());
    assert(error instanceof OptionError || error instanceof ShapeError, String(error));
    assertStringIncludes(error.message, message);
  });
}

Deno.test("data that is no array of numbers is refused, and nothing has changed", async () => {
  const loss = unroll.squaredError(), optimizer = unroll.adam();
  using session = await compile(dense(1, 1), { ...SIZES, loss, optimizer });
  using classes = await compile(sequential({ e: unroll.embedding(3, 2), d: dense(2, 3) }), {
    ...SIZES,
    loss: unroll.crossEntropy(),
    optimizer,
  });
  const y = [1, 2], before = session.checkpoint();
  const refused: [() => unknown, string][] = [
    [() => session.step({ y }), '"x" must be an array or a typed array, got undefined'],
    [() => session.step(), "expected an object, got undefined"],
    [() => session.step({ x: null, y }), '"x" must be an array or a typed array, got null'],
    [() => session.step({ x: "12", y }), '"x" must be an array or a typed array, got "12"'],
    [() => session.step({ x: [1, null], y }), 'Every element of "x" must be a number, got null at 1'],
    [() => session.step({ x: [1, "2"], y }), 'Every element of "x" must be a number, got "2" at 1'],
    // deno-lint-ignore no-sparse-arrays
    [() => session.step({ x: [1, , 2], y }), 'Every element of "x" must be a number, got undefined at 1'],
    [() => session.step({ x: [[1], [2]], y }), 'Every element of "x" must be a number, got an array at 0'],
    [() => session.step({ x: BigInt64Array.of(1n, 2n), y }), 'Every element of "x" must be a number, got 1n at 0'],
    [() => session.step({ x: [1, 2] }), '"y" must be an array or a typed array, got undefined'],
    [() => session.step({ x: [1, 2], y: [1, null] }), 'Every element of "y" must be a number, got null at 1'],
    [() => session.step({ x: [1, 2], y: [1, 2n] }), 'Every element of "y" must be a number, got 2n at 1'],
    [() => session.step({ x: [1, 2], y, lengths: [2] }), 'unknown option "lengths" of the data'],
    [() => session.step({ x: [1, 2], y }, { lengths: null }), '"lengths" must be an array or a typed array, got null'],
    [() => session.step({ x: [1, 2], y }, { states: null }), '"states" must be "zero", "carry" or states by name'],
    [() => session.step({ x: [1, 2], y, weights: 2 }), '"weights" must be an array or a typed array, got 2'],
    [() => classes.step({ x: BigInt64Array.of(1n, 2n), y }), 'Every element of "x" must be a number, got 1n at 0'],
    [() => classes.step({ x: [1, null], y }), 'Every element of "x" must be a number, got null at 1'],
    [
      () => classes.step({ x: [1, 2], y: [1n, 2n] }),
      'Every element of "y" must be a number, got 1n at 0',
    ],
    [() => fit(session), '"data" must be samples { x, y }'],
    [() => fit(session, { x: [[1]] }), '"data" must be samples { x, y }'],
    [() => fit(session, { x: [[1]], Y: [[1]], y: [[1]] }), 'unknown option "Y" of samples: did you mean "y"?'],
    [() => fit(session, { x: [[1, null]], y: [[1, 2]] }), 'Every element of "x[0]" must be a number, got null at 1'],
    [() => fit(session, { x: [[[1], [2, 3]]], y: [[1, 2]] }), 'the rows of "x" must have one length, got 1 and 2'],
    [() => fit(session, { x: ["12"], y: [[1, 2]] }), '"x[0]" must be an array or a typed array, got "12"'],
  ];
  for (const [call, message] of refused) {
    const error = assertThrows(call, Error, message);
    assert(error instanceof OptionError || error instanceof ShapeError, String(error));
  }
  assertEquals(session.checkpoint(), before);
});

Deno.test("models name the sample that is none", async () => {
  using classifier = await SequenceClassifier.create({ tokens, labels, hidden: 2 });
  using values = await SequenceRegressor.create({ features: 2, hidden: 2 });
  using tagger = await SequenceTagger.create({ tokens, labels, hidden: 2 });
  using translator = await Seq2Seq.create({ source: tokens, target: tokens, hidden: 2, longest: 3 });
  const first = async (events: AsyncIterable<unknown>) => {
    for await (const _ of events) return;
  };
  const refused: [() => Promise<unknown>, string][] = [
    [() => classifier.predict("abc"), '"sequences" must be an array, got "abc"'],
    [() => classifier.predict(), '"sequences" must be an array, got undefined'],
    [() => classifier.predict([1]), '"sequence 0" must be an array or a typed array, got 1'],
    [() => classifier.predict([null]), '"sequence 0" must be an array or a typed array, got null'],
    [() => classifier.predict(["a", [1n]]), "must be an integer from 0 to 3, got 1n at 0"],
    [() => classifier.predict(["a", [1, , 2]]), "must be an integer from 0 to 3, got undefined at 1"],
    [() => first(classifier.fit(["abc"])), 'Cannot read sample 0: expected [sequence, label], got "abc"'],
    [() => first(classifier.fit()), '"samples" must be an array, got undefined'],
    [() => first(classifier.fit([["abc", "a"], null])), "Cannot read sample 1: expected [sequence, label], got null"],
    [
      () => first(classifier.fit([["abc"]], ["a"])),
      "Cannot read the options of SequenceClassifier.fit: expected an obj",
    ],
    [() => values.predict([[1, null]]), 'Every element of "sequence 0" must be a number, got null at 1'],
    [() => values.predict([[[1, 2], [1]]]), "Cannot read sequence 0: each step must have 2 values, got 1 at step 1"],
    [() => values.predict([[[1, 2], null]]), '"sequence 0[1]" must be an array or a typed array, got null'],
    [() => values.predict([[1n, 2n]]), 'Every element of "sequence 0" must be a number, got 1n at 0'],
    [() => first(tagger.fit([["abc", null]])), "Cannot read sample 0: it must have a tag for each of 3 steps"],
    [() => first(translator.fit(["abc"])), 'Cannot read pair 0: expected [source, target], got "abc"'],
    [() => translator.translate("abc"), '"sources" must be an array, got "abc"'],
  ];
  for (const [call, message] of refused) {
    const error = await assertRejects(call, Error, message);
    assert(error instanceof OptionError || error instanceof ShapeError, String(error));
  }
});

Deno.test("hidden is a number or a list in all models, with the same net", async () => {
  const makers: ((hidden: unknown) => Promise<unroll.LanguageModel>)[] = [
    (hidden) => LanguageModel.create("abc", { hidden }),
    (hidden) => SequenceGenerator.create(["abc"], { hidden }),
    (hidden) => SequenceClassifier.create({ tokens, labels, hidden }),
    (hidden) => SequenceRegressor.create({ tokens, hidden }),
    (hidden) => SequenceTagger.create({ tokens, labels, hidden }),
    (hidden) => Seq2Seq.create({ source: tokens, target: tokens, hidden, longest: 3 }),
  ];
  for (const make of makers) {
    using number = await make(4);
    using list = await make([4]);
    assertEquals(list.save(), number.save());
    using deep = await make([4, 4]);
    assert(deep.size > number.size);
    await assertRejects(() => make([]), OptionError, '"hidden" must be one size for each layer');
    await assertRejects(() => make([4, 0.5]), OptionError, '"hidden" must be an integer >= 1, got 0.5');
    await assertRejects(() => make("4"), OptionError, '"hidden" must be an integer >= 1, got "4"');
    await assertRejects(() => make(null), OptionError, '"hidden" must be an integer >= 1, got null');
  }
  using classifier = await SequenceClassifier.create({ tokens, labels, hidden: [4, 3] });
  using loaded = await SequenceClassifier.load(classifier.save());
  assertEquals(await loaded.predict(["abc"]), await classifier.predict(["abc"]));
  const create = (options: object) => SequenceClassifier.create({ tokens, labels, ...options });
  await assertRejects(() => create({ hidden: [4, 3], layers: 3 }), OptionError, '"hidden" must have one size for each');
  const translator = () => Seq2Seq.create({ source: 3, target: 3, hidden: [4, 3] });
  await assertRejects(translator, OptionError, '"hidden" of Seq2Seq must be the same for each layer, got 4, 3');
});

Deno.test("bytes are read from an ArrayBuffer, and from a view of another kind", async () => {
  using model = await LanguageModel.create("abc", { hidden: 4, cell: lstm() });
  const bytes = model.save(), { buffer } = bytes.slice();
  for (const same of [buffer, Uint8ClampedArray.from(bytes).buffer, new Uint8Array(buffer)]) {
    using loaded = await LanguageModel.load(same);
    assertEquals(loaded.save(), bytes);
    assertEquals(unroll.readSafetensors(same).tensors.size, 6);
  }
});

Deno.test("fit(session) takes rows [T][F] as models do, with the bits of flat samples", async () => {
  const rows = { x: [[[1, 2], [3, 4]], [[5, 6]]], y: [[[1, 2], [2, 3]], [[3, 4]]] };
  const flat = { x: [[1, 2, 3, 4], [5, 6]], y: [[1, 2, 2, 3], [3, 4]] };
  const after = [];
  for (const data of [rows, flat, { x: rows.x.map((x) => x.map((row) => Float32Array.from(row))), y: flat.y }]) {
    const options = { batch: 2, steps: 2, loss: unroll.squaredError(), optimizer: unroll.sgd() };
    using session = await compile(dense(2, 2), options);
    for await (const _ of fit(session, data, { epochs: 2 }));
    after.push([session.parameters(), await unroll.evaluate(session, data)]);
  }
  assertEquals(after[1], after[0]);
  assertEquals(after[2], after[0]);
});

Deno.test("a model refuses JSON and structuredClone, and prints its summary", async () => {
  using model = await LanguageModel.create("abc", { hidden: 4 });
  assertThrows(() => JSON.stringify({ model }), TypeError, "save()");
  const error = assertThrows(() => structuredClone(model), DOMException);
  assertEquals(error.name, "DataCloneError");
  const shown = Deno.inspect({ model });
  assertStringIncludes(shown, "language model");
  assertStringIncludes(shown, "rnn.weight_ih_l0");
  model[Symbol.dispose]();
  assertStringIncludes(Deno.inspect(model), "language model, disposed");
});

Deno.test({
  name: "Float16Array is taken as x, y, weights, parameters and as a tensor of a file",
  ignore: !("Float16Array" in globalThis),
  async fn() {
    const Half = (globalThis as Untyped).Float16Array;
    const half = Half.of(1, 0.5), single = Float32Array.of(1, 0.5);
    using session = await compile(dense(1, 1), { ...SIZES, loss: unroll.squaredError() });
    assertEquals(session.forward(half), session.forward(single));
    const loss = (x: unknown) => session.evaluate({ x, y: x, weights: x }).loss;
    assertEquals(loss(half), loss(single));
    session.setParameters(new Map([["weight", { shape: [1, 1], data: Half.of(3) }]]), { strict: false });
    assertEquals([...session.parameters().get("weight").data], [3]);
    const { tensors } = unroll.readSafetensors(unroll.writeSafetensors([["a", { shape: [2], data: half }]]));
    assertEquals([tensors.get("a")!.dtype, [...tensors.get("a")!.data]], ["F16", [1, 0.5]]);
    using values = await SequenceRegressor.create({ features: 1, hidden: 2 });
    assertEquals(await values.predict([half]), await values.predict([single]));
  },
});

Deno.test("no example uses using, which Node 20 and Safari do not have", async () => {
  const root = new URL("../", import.meta.url);
  async function* texts(folder: string): AsyncIterable<string> {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
      if (isDirectory && name !== "distributed") yield* texts(`${folder}${name}/`);
      else if (/^(?!mpi).*\.(md|ts)$/.test(name)) yield folder + name;
    }
  }
  const paths = ["README.md", ...["mod", "inference", "models", "onnx", "keras", "check"].map((name) => `${name}.ts`)];
  for (const folder of ["docs/", "src/"]) for await (const path of texts(folder)) paths.push(path);
  for (const path of paths) {
    const line = (await Deno.readTextFile(new URL(path, root))).match(/^( *\* |)using \w+ = .*$/m);
    // What works on Deno alone may say `using`.
    assert(!line || /init\(\)/.test(line[0]), `${path}: ${line}`);
  }
});
