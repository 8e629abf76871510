/** A user's program: every entry, training, what it returns and what it throws. Prints what the tests look at. */
import {
  adam,
  compile,
  crossEntropy,
  dense,
  gru,
  LanguageModel,
  oneHot,
  recurrent,
  sequential,
  type Session,
  ShapeError,
} from "@unroll/rnn";
import { gradientCheck } from "@unroll/rnn/check";
import * as inference from "@unroll/rnn/inference";

const net = sequential({
  input: oneHot(3),
  rnn: recurrent(gru(), { input: 3, hidden: 16 }),
  output: dense(16, 3),
});
using session: Session = await compile(net, {
  batch: 2,
  steps: 4,
  numerics: "exact",
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.02 }),
});
const x = [0, 1, 1, 2, 2, 0, 0, 1], y = Int32Array.of(1, 2, 2, 0, 0, 1, 1, 2);
const losses: number[] = [];
for (let i = 0; i < 100; i++) losses.push(session.step({ x, y }).loss);

using loaded = await inference.load(net, session.parameters(), { batch: 2, steps: 4, numerics: "exact" });
const a = session.forward(x), b = loaded.forward(x);

let refused = "";
try {
  session.setParameters(new Map());
} catch (error) {
  if (error instanceof ShapeError && error instanceof inference.ShapeError) refused = error.name;
}

const text = "abracadabra ".repeat(20);
using model = await LanguageModel.create(text, { hidden: [8] });
let events = 0;
for await (
  const { loss } of model.fit(text, { batch: 4, unroll: 10, epochs: 1, signal: AbortSignal.timeout(60_000) })
) {
  if (loss > 0) events++;
}
const check = String(await gradientCheck(recurrent(gru(), { input: 2, hidden: 3 })));

console.log(JSON.stringify({
  first: losses[0],
  last: losses[losses.length - 1],
  same: a.length === b.length && a.every((value, i) => value === b[i]),
  refused,
  events,
  right: check.includes("right"),
}));
