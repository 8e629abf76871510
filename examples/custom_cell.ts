/**
 * Two cells of one's own, each its equations: a minimal gated unit, and an LSTM with layer normalisation. The program
 * prints their equations, checks their gradients, and trains both to name the first symbol of a sequence at its end.
 *
 *     deno run examples/custom_cell.ts
 */
import { adam, type Cell, clipNorm, compile, crossEntropy, dense } from "@unroll/rnn";
import { Generator, oneHot, recurrent, sequential } from "@unroll/rnn";
import { defineCell } from "@unroll/rnn/cells";
import { gradientCheck } from "@unroll/rnn/check";

export const minimalGatedUnit = () =>
  defineCell({
    name: "minimal-gated-unit",
    gates: ["f", "c"],
    states: ["h"],
    step({ x, W, h }, { sigmoid, tanh }) {
      const f = sigmoid(x.f.plus(W.f(h)));
      const c = tanh(x.c.plus(W.c(f.times(h))));
      return { h: h.plus(f.times(c.minus(h))) };
    },
  });

export const layerNormLstm = () =>
  defineCell({
    name: "my-layer-norm-lstm",
    gates: ["i", "f", "g", "o"],
    states: ["h", "c"],
    bias: false,
    norms: { norm: { values: 4 } },
    step({ x, W, h, c, norm }, { sigmoid, tanh }) {
      const [i, f, g, o] = norm([x.i.plus(W.i(h)), x.f.plus(W.f(h)), x.g.plus(W.g(h)), x.o.plus(W.o(h))]);
      const next = sigmoid(f).times(c).plus(sigmoid(i).times(tanh(g)));
      return { h: sigmoid(o).times(tanh(next)), c: next };
    },
  });

/** Trains a cell to name the first of 12 symbols; returns its accuracy on new sequences, 0 to 1. */
export async function learn(cell: Cell, steps: number): Promise<number> {
  const symbols = 6, T = 12, batch = 32, hidden = 32, random = new Generator(1);
  const rnn = recurrent(cell, { input: symbols, hidden, output: "last" });
  const net = sequential({ input: oneHot(symbols), rnn, output: dense(hidden, symbols) });
  const options = { batch, steps: T, loss: crossEntropy(), clip: clipNorm(1), seed: 1 };
  using session = await compile(net, { ...options, optimizer: adam({ learningRate: 0.01 }) });
  const draw = () => Int32Array.from({ length: T * batch }, () => random.integer(symbols));
  for (let i = 0, x = draw(); i < steps; i++, x = draw()) session.step({ x, y: x.slice(0, batch) });
  let right = 0;
  for (let round = 0; round < 10; round++) {
    const x = draw(), logits = session.forward(x), row = (b: number) => logits.subarray(b * symbols, (b + 1) * symbols);
    for (let b = 0; b < batch; b++) if (row(b).indexOf(Math.max(...row(b))) === x[b]) right++;
  }
  return right / (10 * batch);
}

if (import.meta.main) {
  for (const cell of [minimalGatedUnit(), layerNormLstm()]) {
    console.log(`${cell}\n${await gradientCheck(recurrent(cell, { input: 3, hidden: 4 }))}`);
    console.log(`${cell.name}: ${(100 * await learn(cell, 600)).toFixed(0)} % of new sequences are right`);
  }
}
