// Writes models.json: layers models that TensorFlow.js saved, with inputs and their outputs.
//
//     deno run -A make_models.mjs > models.json && deno fmt models.json
//
// All binary data is base64; numbers are little-endian.
import * as tf from "@tensorflow/tfjs";
const { layers: l } = tf;
const B = 3, T = 5, I = 4, V = 7;

let state = 1;
/** Uniform random numbers from -0.7 to 0.7. */
function draw() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state / 2 ** 31 - 1) * 0.7;
}
function drawn(shape) {
  return tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw), shape);
}
const base64 = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength).toBase64();
const dense = { units: 3, name: "head" };
const post = [[1, 2, 3, 0, 0], [4, 5, 6, 1, 2], [3, 0, 0, 0, 0]],
  pre = [[0, 0, 1, 2, 3], [4, 5, 6, 1, 2], [0, 3, 0, 5, 1]];
const tokens = (rows) => tf.tensor(rows.flat(), [B, T], "float32");
const padded = () => {
  const x = drawn([B, T, I]), keep = tf.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]]).reshape([B, T, 1]);
  return x.mul(keep).add(keep.mul(-1).add(1).mul(-2));
};

/** For each model: its name, its layers (the first one gets the input's shape), and its inputs. */
const values = { batchInputShape: [null, null, I] };
const vectors = (options = {}) =>
  l.embedding({ inputDim: V, outputDim: I, maskZero: true, batchInputShape: [null, null], ...options });
const bidirectional = (cell, mergeMode, returnSequences) =>
  l.bidirectional({ layer: l[cell]({ units: 3, returnSequences }), mergeMode, ...values });
const sequential = {
  "SimpleRNN": [[l.simpleRNN({ units: 4, ...values }), l.dense(dense)]],
  "SimpleRNN relu sequence": [[
    l.simpleRNN({ units: 4, activation: "relu", returnSequences: true, ...values }),
    l.dense(dense),
  ]],
  "LSTM": [[l.lstm({ units: 4, ...values }), l.dense({ ...dense, activation: "softmax" })]],
  "LSTM sigmoid gates": [[
    l.lstm({ units: 4, recurrentActivation: "sigmoid", activation: "softsign", returnSequences: true, ...values }),
  ]],
  "LSTM no bias": [[
    l.lstm({ units: 4, useBias: false, returnSequences: true, ...values }),
    l.dense({ ...dense, useBias: false }),
  ]],
  "GRU": [[l.gru({ units: 4, returnSequences: true, ...values }), l.gru({ units: 3 })]],
  "GRU elu": [[
    l.gru({ units: 4, activation: "elu", recurrentActivation: "hardSigmoid", returnSequences: true, ...values }),
  ]],
  "cells": [[
    l.rnn({
      cell: [l.gruCell({ units: 3 }), l.lstmCell({ units: 2 }), l.lstmCell({ units: 4 })],
      returnSequences: true,
      ...values,
    }),
    l.rnn({ cell: l.simpleRNNCell({ units: 3 }) }),
  ]],
  "against time": [[
    l.gru({ units: 4, goBackwards: true, returnSequences: true, ...values }),
    l.lstm({ units: 3, goBackwards: true }),
  ]],
  "TimeDistributed": [[
    l.gru({ units: 4, returnSequences: true, ...values }),
    l.timeDistributed({ layer: l.dense({ ...dense, activation: "softmax" }) }),
  ]],
  "dropout": [[
    l.dropout({ rate: 0.3, ...values }),
    l.lstm({ units: 4, dropout: 0.1, recurrentDropout: 0.2 }),
    l.dense({ units: 1, activation: "sigmoid" }),
  ]],
  "norm, activations": [[
    l.dense({ units: 5, activation: "tanh", ...values }),
    l.layerNormalization(),
    l.activation({ activation: "softplus" }),
    l.elu(),
    l.leakyReLU({ alpha: 0.2 }),
    l.lstm({ units: 3, returnSequences: true }),
    l.reLU(),
    l.globalAveragePooling1d({}),
    l.dense(dense),
    l.softmax(),
  ]],
  "largest": [[l.lstm({ units: 3, returnSequences: true, ...values }), l.globalMaxPooling1d({})]],
  "embedding, padding behind": [[vectors(), l.lstm({ units: 4 }), l.dense(dense)], [tokens(post), tokens(pre)]],
  "embedding, steps": [[
    vectors(),
    l.gru({ units: 4, returnSequences: true }),
    l.simpleRNN({ units: 3, returnSequences: true }),
  ], [tokens(post)]],
  "embedding, no mask": [[vectors({ maskZero: false }), l.gru({ units: 4 })], [tokens(post)]],
  "Masking": [[
    l.masking({ maskValue: -2, ...values }),
    l.gru({ units: 4, returnSequences: true }),
    l.lstm({ units: 3 }),
  ], [padded()]],
};
for (const cell of ["simpleRNN", "lstm", "gru"]) {
  for (const mode of ["concat", "sum", "ave", "mul"]) {
    for (const steps of [true, false]) {
      sequential[`${cell} ${mode} ${steps ? "steps" : "last"}`] = [[bidirectional(cell, mode, steps), l.dense(dense)]];
    }
  }
}

const models = Object.entries(sequential).map((
  [name, [layers, inputs]],
) => [name, tf.sequential({ layers }), inputs ?? [drawn([B, T, I])]]);
const x = tf.input({ shape: [T, I], name: "x" });
const chain = l.dense({ units: 2 }).apply(
  l.dropout({ rate: 0.5 }).apply(l.bidirectional({ layer: l.lstm({ units: 3 }), mergeMode: "concat" }).apply(x)),
);
models.push(["functional", tf.model({ inputs: x, outputs: chain }), [drawn([B, T, I])]]);
const both = l.bidirectional({ layer: l.gru({ units: 3, returnSequences: true }), mergeMode: null }).apply(x);
models.push(["two outputs", tf.model({ inputs: x, outputs: both }), [drawn([B, T, I])]]);
const nested = tf.sequential({ layers: [l.lstm({ units: 3, returnSequences: true, ...values })] });
models.push(["nested", tf.sequential({ layers: [nested, l.gru({ units: 2 })] }), [drawn([B, T, I])]]);

/** Weights stored with fewer bits, and their entry in the manifest. */
function quantize(data, dtype) {
  if (dtype === "float16") return [Uint16Array.from(data, half), { dtype, original_dtype: "float32" }];
  const min = Math.min(...data), scale = (Math.max(...data) - min) / (dtype === "uint8" ? 255 : 65535);
  const array = dtype === "uint8" ? Uint8Array : Uint16Array;
  return [array.from(data, (v) => Math.round((v - min) / scale)), { dtype, scale, min, original_dtype: "float32" }];
}
/** The bits of the nearest half-precision number, for normal numbers without ties. */
function half(v) {
  const bits = new Uint32Array(Float32Array.of(v).buffer)[0], rest = bits & 0x7fffffff;
  return rest < 0x38800000 ? 0 : (bits >>> 16 & 0x8000) | (rest - 0x38000000 + 0x1000) >>> 13;
}

const results = [];
async function save(name, model, inputs, dtype) {
  model.setWeights(model.weights.map(({ shape }) => drawn(shape)));
  let artifacts;
  await model.save({
    save: (given) => (artifacts = given, { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } }),
  });
  if (dtype) {
    const parts = [];
    artifacts.weightSpecs.forEach((spec, i) => {
      const [data, quantization] = quantize(model.weights[i].read().dataSync(), dtype);
      parts.push(new Uint8Array(data.buffer));
      Object.assign(spec, { quantization });
    });
    artifacts.weightData = Uint8Array.from(parts.flatMap((part) => [...part])).buffer;
    model = await tf.loadLayersModel({ load: () => artifacts });
  }
  // Two files, cut in the middle of a weight.
  const bytes = new Uint8Array(artifacts.weightData), cut = Math.floor(bytes.length / 2) + 1;
  const sets = inputs.map((x) => {
    const y = model.predict(x);
    return { x: base64(x.dataSync()), y: [y].flat().map((y) => base64(y.dataSync())) };
  });
  const json = {
    format: "layers-model",
    modelTopology: artifacts.modelTopology,
    weightsManifest: [{ paths: ["a.bin", "b.bin"], weights: artifacts.weightSpecs }],
  };
  results.push({
    name,
    B,
    T,
    json,
    files: { "a.bin": base64(bytes.slice(0, cut)), "b.bin": base64(bytes.slice(cut)) },
    sets,
  });
}
for (const model of models) await save(...model);
for (const dtype of ["float16", "uint8", "uint16"]) {
  const layers = [l.lstm({ units: 4, ...values }), l.dense(dense)];
  await save(`stored as ${dtype}`, tf.sequential({ layers }), [drawn([B, T, I])], dtype);
}
console.log(JSON.stringify(results));
