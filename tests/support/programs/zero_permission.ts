/** Trains on a text in memory, with nothing that would need a permission; prints the first loss and the last. */
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  gru,
  oneHot,
  recurrent,
  sequential,
  streams,
  Vocabulary,
} from "../../../mod.ts";

const text = "she sells sea shells by the sea shore; ".repeat(20);
const vocabulary = Vocabulary.characters(text), V = vocabulary.size;
const net = sequential({
  input: oneHot(V),
  rnn: recurrent(gru(), { input: V, hidden: 32 }),
  output: dense(32, V),
});
using session = await compile(net, {
  batch: 4,
  steps: 20,
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  clip: clipNorm(5),
});
const losses: number[] = [];
for (let epoch = 0; epoch < 10; epoch++) {
  let first = true;
  for (const window of streams(vocabulary.encode(text), { batch: 4, unroll: 20 })) {
    losses.push(session.step(window, { states: first ? "zero" : "carry" }).loss);
    first = false;
  }
}
console.log(JSON.stringify({ first: losses[0], last: losses.at(-1) }));
