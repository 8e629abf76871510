/** The net of most benchmarks: one-hot characters, two recurrent layers, an output layer; cross-entropy and Adam. */
import {
  adam,
  type Cell,
  clipNorm,
  crossEntropy,
  dense,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
} from "../mod.ts";

/** Batch size, time steps, hidden units of each layer, number of characters. */
export const B = 50, T = 50, H = 128, V = 65;

/** Loss, clipping and optimizer of the training. */
export const TRAINING = { loss: crossEntropy(), clip: clipNorm(5), optimizer: adam({ learningRate: 2e-3 }) };

/** Create the net. */
export function charRnn(cell: Cell = lstm()): Layer {
  return sequential({
    input: oneHot(V),
    rnn: recurrent(cell, { input: V, hidden: H, layers: 2 }),
    output: dense(H, V),
  });
}

/** Pseudorandom tokens [steps, batch] and targets [steps, batch]. A target is the next token of its row. */
export function tokenBatch(batch = B, steps = T, vocabulary = V): { x: Int32Array; y: Int32Array } {
  const tokens = Int32Array.from({ length: (steps + 1) * batch }, (_, i) => i * 7919 % vocabulary);
  return { x: tokens.subarray(0, steps * batch), y: tokens.subarray(batch) };
}
