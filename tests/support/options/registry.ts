/** Everything public that takes an option object, each with options that it accepts. */
import { gradientCheck } from "../../../check.ts";
import * as inference from "../../../inference.ts";
import * as unroll from "../../../mod.ts";
import * as keras from "../../../keras.ts";
import * as layers from "../../../layers.ts";
import * as losses from "../../../losses.ts";
import * as metrics from "../../../metrics.ts";
import * as models from "../../../models.ts";
import * as onnx from "../../../onnx.ts";
import * as report from "../../../report.ts";
import * as tfjs from "../../../tfjs.ts";
import { loadLanguageModel } from "../../../run.ts";
import { MODELS as KERAS } from "../keras/models.ts";

/** A function of its options alone, and options that it accepts; the first of them is not required to be one. */
export interface Case<Result> {
  // deno-lint-ignore no-explicit-any
  call(options: any): Result;
  readonly options: Readonly<Record<string, unknown>>;
}

const sizes = { batch: 1, steps: 2 };

/** Makes a session with all that calls need. */
async function session(): Promise<unroll.Session> {
  const loss = unroll.squaredError();
  return await unroll.compile(unroll.dense(2, 2), { ...sizes, loss, optimizer: unroll.sgd() });
}

/** A session that all calls share. */
const shared = await session();
shared.step({ x: [1, 2, 3, 4], y: [1, 2, 3, 4] });
const data = { x: [1, 2, 3, 4], y: [1, 2, 3, 4] };
const samples = { x: [[1, 2, 3, 4]], y: [[1, 2, 3, 4]] };

const layer = unroll.dense(2, 2);
const cell = unroll.gru();
const onnxFile = onnx.writeOnnx(layer, shared.parameters());
const kerasFile = await keras.writeKeras(layer, shared.parameters());
const kerasWeights = await keras.writeKerasWeights(layer, shared.parameters());
const { config = "", files: { ".weights.h5": weights } } = KERAS.find(({ config }) => config)!;
const tfjsFiles = tfjs.writeTfjs(layer, shared.parameters());

/** Those that answer at once. */
export const SYNCHRONOUS: Readonly<Record<string, Case<unknown>>> = {
  adagrad: { call: unroll.adagrad, options: { learningRate: 0.1 } },
  adam: { call: unroll.adam, options: { learningRate: 0.1 } },
  adamw: { call: unroll.adamw, options: { learningRate: 0.1 } },
  "a parameter group": {
    call: (group) => unroll.adam({ groups: [group] }),
    options: { parameters: ["a"], learningRate: 0.1 },
  },
  rmsprop: { call: unroll.rmsprop, options: { momentum: 0.5 } },
  sgd: { call: unroll.sgd, options: { nesterov: false } },
  cosine: { call: unroll.cosine, options: { steps: 9 } },
  oneCycle: { call: unroll.oneCycle, options: { steps: 9 } },
  reduceOnPlateau: { call: unroll.reduceOnPlateau, options: { patience: 2 } },
  stepDecay: { call: unroll.stepDecay, options: { every: 2 } },
  exponentialDecay: { call: unroll.exponentialDecay, options: { factor: 0.9 } },
  binaryCrossEntropy: { call: unroll.binaryCrossEntropy, options: { positiveWeight: 2 } },
  crossEntropy: { call: unroll.crossEntropy, options: { labelSmoothing: 0.1 } },
  ctc: { call: losses.ctc, options: { blank: 0 } },
  squaredError: { call: unroll.squaredError, options: { reduction: "sum" } },
  absoluteError: { call: unroll.absoluteError, options: { reduction: "sum" } },
  huber: { call: losses.huber, options: { delta: 2 } },
  smoothL1: { call: losses.smoothL1, options: { beta: 2 } },
  clipNorm: { call: (options) => unroll.clipNorm(1, options), options: { p: 2 } },
  elman: { call: unroll.elman, options: { activation: "relu" } },
  gru: { call: unroll.gru, options: { reset: "before" } },
  "activations of gru": { call: (activations) => unroll.gru({ activations }), options: { candidate: "relu" } },
  lstm: { call: unroll.lstm, options: { projection: 2 } },
  "activations of lstm": { call: (activations) => unroll.lstm({ activations }), options: { hidden: "relu" } },
  bahdanau: { call: (options) => models.bahdanau(cell, options), options: { source: 2 } },
  recurrent: { call: (options) => unroll.recurrent(cell, options), options: { input: 2, hidden: 2 } },
  attentionPool: { call: (options) => layers.attentionPool(2, options), options: { hidden: 2 } },
  embedding: { call: (options) => unroll.embedding(2, 2, options), options: { paddingIndex: 0 } },
  dropout: { call: (options) => unroll.dropout(2, 0.5, options), options: { variational: true } },
  layerNorm: { call: (options) => layers.layerNorm(2, options), options: { epsilon: 1 } },
  sequential: { call: (options) => unroll.sequential({ layer }, options), options: { tied: undefined } },
  luong: { call: (options) => models.luong(2, options), options: { source: 2 } },
  encoderDecoder: {
    call: models.encoderDecoder,
    options: { encoder: layer, decoder: layer },
  },
  readKeras: { call: (options) => keras.readKeras(kerasFile, options), options: { limits: {} } },
  "limits of readKeras": { call: (limits) => keras.readKeras(kerasFile, { limits }), options: { bytes: 1e9 } },
  readKerasConfig: {
    call: (options) => keras.readKerasConfig(config, weights, options),
    options: { limits: {} },
  },
  readKerasWeights: {
    call: (options) => keras.readKerasWeights(keras.readKerasConfig(config, weights), weights, options),
    options: { limits: {} },
  },
  readKerasParameters: {
    call: (options) => keras.readKerasParameters(layer, kerasWeights, options),
    options: { limits: {}, name: "net" },
  },
  orthogonal: { call: unroll.orthogonal, options: { gain: 2 } },
  "LanguageModel.save": { call: (options) => language.save(options), options: { dtype: "F16" } },
  streams: { call: (options) => unroll.streams(Int32Array.of(1, 2, 3), options), options: { batch: 1, unroll: 1 } },
  truncate: { call: (options) => unroll.truncate(Float32Array.of(1), options), options: { topK: 1 } },
  "Vocabulary.characters": {
    call: (options) => unroll.Vocabulary.characters("ab", options),
    options: { special: ["<unk>"] },
  },
  "Vocabulary.words": {
    call: (options) => unroll.Vocabulary.words("ab", options),
    options: { minimumCount: 1, locale: "ja" },
  },
  "Vocabulary.folded": { call: (options) => unroll.Vocabulary.folded("ab", options), options: { locale: "th" } },
  "Vocabulary.spaced": { call: (options) => unroll.Vocabulary.spaced("ab", options), options: { minimumCount: 1 } },
  ctcGreedy: { call: (options) => losses.ctcGreedy([1, 2], options), options: { classes: 2 } },
  ctcBeamSearch: { call: (options) => losses.ctcBeamSearch([1, 2], options), options: { classes: 2, width: 1 } },
  accuracy: { call: metrics.accuracy, options: { ignoreIndex: -1 } },
  confusionMatrix: { call: metrics.confusionMatrix, options: { ignoreIndex: -1 } },
  precision: { call: metrics.precision, options: { average: "micro" } },
  recall: { call: metrics.recall, options: { average: "micro" } },
  f1: { call: metrics.f1, options: { average: "micro" } },
  "session.forward": { call: (options) => shared.forward(data.x, options), options: { training: true, batch: 1 } },
  "session.probabilities": {
    call: (options) => shared.probabilities(data.x, options),
    options: { temperature: 2, batch: 1 },
  },
  "session.stream": { call: (options) => shared.stream(options), options: { batch: 1 } },
  "session.step": { call: (options) => shared.step(data, options), options: { states: "zero" } },
  "the data of session.step": { call: (all) => shared.step(all), options: { weights: undefined, ...data } },
  "session.accumulate": { call: (options) => shared.accumulate(data, options), options: { states: "zero" } },
  "session.evaluate": { call: (options) => shared.evaluate(data, options), options: { states: "zero" } },
  "session.losses": { call: (options) => shared.losses(data, options), options: { states: "zero" } },
  "session.checkpoint": {
    call: (options) => {
      shared.discard();
      return shared.checkpoint(options);
    },
    options: { extra: 1 },
  },
  "session.setParameters": {
    call: (options) => shared.setParameters(shared.parameters(), options),
    options: { strict: true },
  },
  fit: { call: (options) => unroll.fit(shared, samples, options), options: { epochs: 1 } },
  "evaluate of fit": {
    call: (evaluate) => unroll.fit(shared, samples, { evaluate }),
    options: { averages: false, data: samples },
  },
  "statistics of fit": {
    call: (statistics) => unroll.fit(shared, samples, { statistics }),
    options: { gradientFlow: false, every: 1 },
  },
  "OnnxModel.load": {
    call: (options) => onnx.OnnxModel.load(onnxFile, options).dispose(),
    options: { numerics: "exact", limits: {} },
  },
  writeOnnx: { call: (options) => onnx.writeOnnx(layer, shared.parameters(), options), options: { softmax: true } },
  writeTfjs: { call: (options) => tfjs.writeTfjs(layer, shared.parameters(), options), options: { name: "net" } },
  TrainingReport: { call: (options) => new report.TrainingReport(options), options: { title: "net" } },
  pretrained: { call: (options) => models.pretrained(new Map(), options), options: { frozen: true } },
};

/** A case that makes a model, which is disposed. */
function create(
  // deno-lint-ignore no-explicit-any
  make: (options: any) => Promise<Disposable>,
  options: Readonly<Record<string, unknown>>,
): Case<Promise<unknown>> {
  return { call: async (given) => (await make(given))[Symbol.dispose](), options };
}

async function all(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

const { signal } = new AbortController();
const small = { hidden: 2, features: 1 };
const language = await unroll.LanguageModel.create("abc", { hidden: 2 });
const classifier = await models.SequenceClassifier.create({ ...small, labels: ["a", "b"] });
const classes = [[[1], "a"], [[2], "b"]] as const;
const regressor = await models.SequenceRegressor.create(small);
const measured = [[[1], 1], [[2], 2]] as const;
const tagger = await models.SequenceTagger.create({ ...small, labels: ["a", "b"] });
const tagged = [[[1, 2], ["a", "b"]]] as const;
const translator = await models.Seq2Seq.create({ source: 3, target: 3, hidden: 2, longest: 3 });
const pairs = [[[1], [2]]] as const;
const writer = await models.SequenceGenerator.create(["ab"], { hidden: 2 });

/** Those that answer later. */
export const ASYNCHRONOUS: Readonly<Record<string, Case<Promise<unknown>>>> = {
  compile: {
    async call(options) {
      (await unroll.compile(layer, options))[Symbol.dispose]();
    },
    options: { threads: 1, ...sizes },
  },
  load: {
    async call(options) {
      (await inference.load(layer, shared.parameters(), options))[Symbol.dispose]();
    },
    options: { numerics: "exact", ...sizes },
  },
  evaluate: { call: (options) => unroll.evaluate(shared, samples, options), options: { carry: false } },
  beamSearch: {
    async call(options) {
      using net = await unroll.compile(unroll.sequential({ input: unroll.embedding(2, 2), layer }), sizes);
      await unroll.beamSearch(net.stream(), [1], options);
    },
    options: { lengthPenalty: 0, length: 1 },
  },
  "LanguageModel.create": create((options) => unroll.LanguageModel.create("abcab", options), { hidden: 2 }),
  "LanguageModel.load": create((options) => unroll.LanguageModel.load(language.save(), options), { threads: 1 }),
  loadLanguageModel: create((options) => loadLanguageModel(language.save(), options), { numerics: "fast" }),
  "LanguageModel.fit": { call: (options) => all(language.fit("abcabc", options)), options: { epochs: 1, batch: 1 } },
  "LanguageModel.evaluate": { call: (options) => language.evaluate("abcabcabcabcabc", options), options: { signal } },
  "LanguageModel.generate": {
    call: (options) => all(language.generate(options)),
    options: { temperature: 0, length: 1 },
  },
  "LanguageModel.beamSearch": { call: async (options) => await language.beamSearch(options), options: { width: 2 } },
  "LanguageModel.states": { call: (options) => language.states("ab", options), options: { signal } },
  "SequenceClassifier.create": create(models.SequenceClassifier.create, { features: 1, labels: ["a", "b"] }),
  "SequenceClassifier.load": create((options) => models.SequenceClassifier.load(classifier.save(), options), {
    seed: 1,
  }),
  "SequenceClassifier.fit": {
    call: (options) => all(classifier.fit(classes, options)),
    options: { epochs: 1, classWeights: "balanced" },
  },
  "SequenceClassifier.evaluate": { call: (options) => classifier.evaluate(classes, options), options: { signal } },
  "SequenceClassifier.predict": { call: (options) => classifier.predict([[1]], options), options: { signal } },
  "SequenceRegressor.create": create(models.SequenceRegressor.create, { features: 1, outputs: 1 }),
  "SequenceRegressor.fit": { call: (options) => all(regressor.fit(measured, options)), options: { epochs: 1 } },
  "SequenceRegressor.evaluate": { call: (options) => regressor.evaluate(measured, options), options: { signal } },
  "SequenceRegressor.predict": { call: (options) => regressor.predict([[1]], options), options: { signal } },
  "SequenceTagger.create": create(models.SequenceTagger.create, { features: 1, labels: ["a", "b"] }),
  "SequenceTagger.fit": { call: (options) => all(tagger.fit(tagged, options)), options: { epochs: 1 } },
  "SequenceTagger.evaluate": { call: (options) => tagger.evaluate(tagged, options), options: { signal } },
  "SequenceTagger.predict": { call: (options) => tagger.predict([[1]], options), options: { signal } },
  "Seq2Seq.create": create(models.Seq2Seq.create, { source: 3, target: 3, hidden: 2 }),
  "Seq2Seq.fit": { call: (options) => all(translator.fit(pairs, options)), options: { epochs: 1, batch: 1 } },
  "Seq2Seq.evaluate": { call: (options) => translator.evaluate(pairs, options), options: { signal } },
  "Seq2Seq.translate": { call: (options) => translator.translate([[1]], options), options: { length: 2 } },
  "Seq2Seq.beamSearch": { call: (options) => translator.beamSearch([1], options), options: { width: 2 } },
  "SequenceGenerator.create": create((options) => models.SequenceGenerator.create(["ab"], options), { hidden: 2 }),
  "SequenceGenerator.fit": { call: (options) => all(writer.fit(["ab"], options)), options: { epochs: 1 } },
  "SequenceGenerator.evaluate": { call: (options) => writer.evaluate(["ab"], options), options: { signal } },
  "SequenceGenerator.generate": { call: (options) => all(writer.generate(options)), options: { temperature: 0 } },
  readTfjs: {
    call: (options) => tfjs.readTfjs((path) => tfjsFiles.get(path)!, "model.json", options),
    options: { limits: {} },
  },
  gradientCheck: { call: (options) => gradientCheck(layer, options), options: { batch: 1 } },
  writeKeras: { call: (options) => keras.writeKeras(layer, shared.parameters(), options), options: { name: "net" } },
  writeKerasWeights: {
    call: (options) => keras.writeKerasWeights(layer, shared.parameters(), options),
    options: { name: "net" },
  },
};
