/** Nets with every layer and cell that can be written as ONNX models. */
import {
  type ActivationName,
  type Cell,
  dense,
  dropout,
  elman,
  embedding,
  Generator,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  type RecurrentOptions,
  sequential,
  type TensorCopy,
} from "../../../mod.ts";
import * as cells from "../../../cells.ts";
import { activation, attentionPool, layerNorm, pool, residual } from "../../../layers.ts";

const rnn = (cell: Cell, options: Partial<RecurrentOptions> = {}) =>
  recurrent(cell, { input: 4, hidden: 5, ...options });

const leaky = { name: "leakyRelu", alpha: 0.2 } as const, hard = { name: "hardSigmoid", alpha: 0.3 } as const;
const affine = { name: "affine", alpha: 0.5, beta: 0.25 } as const;

const CELLS: Record<string, Cell> = {
  elman: elman(),
  "elman relu": elman({ activation: "relu", bias: false }),
  "elman leakyRelu clip": elman({ activation: leaky, clip: 0.5 }),
  "elman identity": elman({ activation: "identity" }),
  gru: gru(),
  "gru no bias": gru({ bias: false }),
  "gru reset before": gru({ reset: "before" }),
  "gru clip": gru({ clip: 0.4, activations: { gates: hard, candidate: "softsign" } }),
  lstm: lstm(),
  "lstm no bias": lstm({ bias: false }),
  "lstm peepholes": lstm({ peepholes: true, clip: 0.5 }),
  "lstm coupled": lstm({ coupled: true }),
  "lstm coupled peepholes": lstm({ coupled: true, peepholes: true }),
  "lstm activations": lstm({ activations: { gates: hard, cell: affine, hidden: "relu" } }),
  notesGru: cells.notesGru(),
};

const FUNCTIONS = [
  "identity",
  "relu",
  "tanh",
  "sigmoid",
  "affine",
  "leakyRelu",
  "thresholdedRelu",
  "scaledTanh",
  "hardSigmoid",
  "elu",
  "softsign",
  "softplus",
] as const satisfies readonly ActivationName[];

/** Stacks of recurrent layers, and nets of all layers. */
export const NETS: Readonly<Record<string, Layer>> = {
  ...Object.fromEntries(
    Object.entries(CELLS).flatMap(([name, cell]) => [
      [name, rnn(cell)],
      [`${name}, both ways, two layers`, rnn(cell, { bidirectional: true, hidden: [5, 3] })],
    ]),
  ),
  ...Object.fromEntries(
    (["concat", "sum", "average", "multiply", "none"] as const).flatMap((merge) => [
      [`merge ${merge}`, rnn(lstm(), { bidirectional: true, layers: 2, merge })],
      [`merge ${merge}, last`, rnn(gru(), { bidirectional: true, merge, output: "last" })],
    ]),
  ),
  "last, two layers": rnn(lstm(), {
    layers: 2,
    output: "last",
    dropout: 0.5,
    inputDropout: 0.1,
    recurrentDropout: 0.1,
  }),
  "learned states": rnn(lstm(), { bidirectional: true, initialStates: "learned" }),
  "learned states, one way": sequential({ a: rnn(gru(), { initialStates: "learned", layers: 2 }), b: dense(5, 2) }),
  "activations": sequential(
    Object.fromEntries([
      ["in", dense(4, 6)],
      ...FUNCTIONS.flatMap((name) => [[name, activation(name, 6)], [`${name}_out`, dense(6, 6)]]),
    ]),
  ),
  "activations with numbers": sequential({
    a: activation("affine", 4, { alpha: 2, beta: -0.5 }),
    b: activation("leakyRelu", 4, { alpha: -0.5 }),
    c: activation("scaledTanh", 4, { alpha: 3, beta: 0.5 }),
    d: activation("thresholdedRelu", 4, { alpha: 0.125 }),
    e: activation("elu", 4, { alpha: 2 }),
    f: dense(4, 4),
    g: activation("hardSigmoid", 4, { alpha: 0.25, beta: 0.25 }),
  }),
  "tagger": sequential({
    embedding: embedding(7, 4, { paddingIndex: 0 }),
    dropout: dropout(4, 0.5),
    rnn: rnn(lstm(), { bidirectional: true }),
    norm: layerNorm(10, { epsilon: 0.01 }),
    tags: dense(10, 3),
  }),
  "character model": sequential({ input: oneHot(7), rnn: recurrent(gru(), { input: 7, hidden: 5 }), out: dense(5, 7) }),
  "residual": sequential({
    a: dense(4, 5),
    b: residual(recurrent(gru(), { input: 5, hidden: 5 })),
    c: residual(sequential({ f: dense(5, 5), g: activation("tanh", 5) })),
    d: layerNorm(5),
  }),
  "mean": sequential({ rnn: rnn(gru()), dense: dense(5, 6), pool: pool(6, "mean"), out: dense(6, 2) }),
  "max": sequential({ rnn: rnn(gru()), dense: dense(5, 6), pool: pool(6, "max"), out: dense(6, 2) }),
  "mean alone": pool(4, "mean"),
  "attention alone": attentionPool(4),
  "attention of tokens": sequential({ e: embedding(7, 4), pool: attentionPool(4, { hidden: 3 }), out: dense(4, 2) }),
  "attention": sequential({ rnn: rnn(gru()), pool: attentionPool(5, { hidden: 3 }), out: dense(5, 2) }),
};

/** Nets with projections, whose models cannot have inputs for initial states. */
export const PROJECTED: Readonly<Record<string, Layer>> = {
  "projection": rnn(lstm({ projection: 3 })),
  "projection, both ways, two layers": rnn(lstm({ projection: 3, peepholes: true }), {
    bidirectional: true,
    layers: 2,
  }),
  "projection, last": rnn(lstm({ projection: 3, bias: false }), { bidirectional: true, output: "last", merge: "sum" }),
};

/** Nets of cells that ONNX has no operator for, whose models have their equations in a Scan. */
export const SCANNED: Readonly<Record<string, Layer>> = {
  ...Object.fromEntries(
    Object.entries({
      notesLstm: cells.notesLstm,
      minimalGatedUnit: cells.minimalGatedUnit,
      layerNormLstm: cells.layerNormLstm,
      layerNormGru: cells.layerNormGru,
      indRnn: cells.indRnn,
      sru: cells.sru,
      minGru: cells.minGru,
      minLstm: cells.minLstm,
      sLstm: cells.sLstm,
      zoneoutLstm: cells.zoneoutLstm,
    }).flatMap(([name, cell]) => [
      [name, rnn(cell())],
      [`${name}, both ways, two layers`, rnn(cell(), { bidirectional: true, hidden: [5, 3] })],
    ]),
  ),
  "scan, last, merge sum": rnn(cells.notesLstm(), { bidirectional: true, merge: "sum", output: "last" }),
  "scan of one-hot rows": sequential({
    input: oneHot(7),
    rnn: recurrent(cells.minGru(), { input: 7, hidden: 5 }),
    out: dense(5, 7),
  }),
};

/** Random numbers for all parameters: no parameter is all zeros or ones, which could be left out unnoticed. */
export function parametersOf(net: Layer, seed = 1): Map<string, TensorCopy> {
  const random = new Generator(seed);
  return new Map(
    Object.entries(net.parameters).map(([name, { shape }]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: Float32Array.from({ length: size }, () => random.uniform() * 1.6 - 0.8) }];
    }),
  );
}
