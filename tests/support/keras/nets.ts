/** Nets that Keras can have too. */
import {
  dense,
  dropout,
  elman,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
} from "../../../mod.ts";
import { activation, layerNorm, pool } from "../../../layers.ts";

/** Nets by name. GRUs have reset "before", so that TensorFlow.js can have them. */
export const NETS: Readonly<Record<string, Layer>> = {
  "LSTM, two layers": sequential({
    embedding: embedding(7, 4),
    rnn: recurrent(lstm(), { input: 4, hidden: 5, layers: 2, dropout: 0.2, output: "last" }),
    decoder: dense(5, 3),
  }),
  "GRU, reset before": sequential({
    rnn: recurrent(gru({ reset: "before" }), { input: 4, hidden: [5, 3], bidirectional: true }),
    decoder: dense(6, 2),
  }),
  "sums": recurrent(elman({ activation: "relu" }), { input: 4, hidden: 3, bidirectional: true, merge: "sum" }),
  "averages": recurrent(lstm({ bias: false }), { input: 4, hidden: 3, bidirectional: true, merge: "average" }),
  "products": recurrent(elman(), { input: 4, hidden: 3, bidirectional: true, merge: "multiply", output: "last" }),
  "one-hot": sequential({
    input: oneHot(7),
    rnn: recurrent(lstm(), { input: 7, hidden: 4, inputDropout: 0, recurrentDropout: 0.1 }),
  }),
  "functions": sequential({
    below: dense(4, 5),
    drop: dropout(5, 0.1, { variational: true }),
    norm: layerNorm(5, { epsilon: 1e-4 }),
    f: activation("leakyRelu", 5, { alpha: 0.2 }),
    g: activation("softplus", 5),
    rnn: recurrent(gru({ reset: "before", activations: { candidate: "softsign" } }), { input: 5, hidden: 3 }),
    mean: pool(3, "mean"),
    above: dense(3, 2),
  }),
  "largest": sequential({ rnn: recurrent(lstm(), { input: 4, hidden: 3 }), top: pool(3, "max") }),
};
