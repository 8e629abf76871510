/** Everything public that takes an option object, each with options that it accepts. */
import * as unroll from "../../../mod.ts";
import { readKeras, readKerasConfig } from "../../../keras.ts";
import * as models from "../../../models.ts";
import { OnnxModel } from "../../../onnx.ts";
import { MODELS as KERAS } from "../keras/models.ts";
import { MODELS as ONNX } from "../onnx/models.ts";

/** A function of its options alone, and options that it accepts; the first of them is not required to be one. */
export interface Case<Result> {
  // deno-lint-ignore no-explicit-any
  call(options: any): Result;
  readonly options: Readonly<Record<string, unknown>>;
}

const layer = unroll.dense(2, 2);
const cell = unroll.gru();
const [{ bytes: onnx }] = ONNX;
const { config, files } = KERAS.find(({ config }) => config)!;
const model = await models.SequenceClassifier.create({ cell, hidden: 2, features: 2, labels: ["a", "b"] });

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
  ctc: { call: unroll.ctc, options: { blank: 0 } },
  squaredError: { call: unroll.squaredError, options: { reduction: "sum" } },
  absoluteError: { call: unroll.absoluteError, options: { reduction: "sum" } },
  huber: { call: unroll.huber, options: { delta: 2 } },
  smoothL1: { call: unroll.smoothL1, options: { beta: 2 } },
  clipNorm: { call: (options) => unroll.clipNorm(1, options), options: { p: 2 } },
  elman: { call: unroll.elman, options: { activation: "relu" } },
  gru: { call: unroll.gru, options: { reset: "before" } },
  "activations of gru": { call: (activations) => unroll.gru({ activations }), options: { candidate: "relu" } },
  lstm: { call: unroll.lstm, options: { projection: 2 } },
  "activations of lstm": { call: (activations) => unroll.lstm({ activations }), options: { hidden: "relu" } },
  bahdanau: { call: (options) => models.bahdanau(cell, options), options: { source: 2 } },
  recurrent: { call: (options) => unroll.recurrent(cell, options), options: { input: 2, hidden: 2 } },
  attentionPool: { call: (options) => unroll.attentionPool(2, options), options: { hidden: 2 } },
  embedding: { call: (options) => unroll.embedding(2, 2, options), options: { paddingIndex: 0 } },
  dropout: { call: (options) => unroll.dropout(2, 0.5, options), options: { variational: true } },
  layerNorm: { call: (options) => unroll.layerNorm(2, options), options: { epsilon: 1 } },
  sequential: { call: (options) => unroll.sequential({ layer }, options), options: { tied: undefined } },
  luong: { call: (options) => models.luong(2, options), options: { source: 2 } },
  encoderDecoder: {
    call: models.encoderDecoder,
    options: { encoder: layer, decoder: layer },
  },
  "OnnxModel.load": { call: (options) => OnnxModel.load(onnx, options), options: { limits: {} } },
  readKeras: { call: (options) => readKeras(files[".keras"], options), options: { limits: {} } },
  readKerasConfig: {
    call: (options) => readKerasConfig(config!, files[".weights.h5"], options),
    options: { limits: {} },
  },
  "save of a model": { call: (options) => model.save(options), options: { dtype: "F16" } },
  "limits of readKeras": { call: (limits) => readKeras(files[".keras"], { limits }), options: { bytes: 1e9 } },
  orthogonal: { call: unroll.orthogonal, options: { gain: 2 } },
};
