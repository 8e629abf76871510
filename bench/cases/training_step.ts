import { adam, type Cell, clipNorm, compile, crossEntropy, dense, elman, Generator, gru, lstm } from "@unroll/rnn";
import { oneHot, recurrent, sequential } from "@unroll/rnn";
import { B, type Case, H, T, V } from "./case.ts";

/** Operations of one product of the output layer, over all steps. */
const OUTPUT = 2 * T * B * H * V;

/**
 * A whole training step on characters: one-hot input, two recurrent layers, the output layer, cross-entropy,
 * back-propagation through time, clipping, Adam. For the LSTM, the count is the one by which it is compared with other
 * libraries: the output layer's product once, not its two gradients (with them 3.07 GFLOP).
 */
export const trainingSteps: Case[] = [
  trainingStep("lstm", lstm, products(4) - 2 * OUTPUT),
  trainingStep("gru", gru, products(3)),
  trainingStep("tanh rnn", elman, products(1)),
];

/**
 * Operations of all products of a step, for a cell of G gates: h W_hhᵀ in both layers and x W_ihᵀ in the second (the
 * first picks rows), each forward, for the gradient of its input and for that of its weight; then the output layer
 * likewise.
 */
function products(G: number): number {
  const recurrent = 2 * T * B * (G * H) * H;
  return 3 * (3 * recurrent + OUTPUT);
}

function trainingStep(name: string, cell: () => Cell, flops: number): Case {
  return {
    group: "training step",
    name: `training step, ${name} 2 x ${H}, ${(flops / 1e9).toFixed(2)} GFLOP`,
    flops,
    async setup(numerics) {
      const net = sequential({
        input: oneHot(V),
        rnn: recurrent(cell(), { input: V, hidden: H, layers: 2 }),
        output: dense(H, V),
      });
      const training = { loss: crossEntropy(), clip: clipNorm(5), optimizer: adam({ learningRate: 2e-3 }) };
      const session = await compile(net, { batch: B, steps: T, numerics, ...training });
      const random = new Generator(1);
      const text = Int32Array.from({ length: (T + 1) * B }, () => random.integer(V));
      const x = text.subarray(0, T * B), y = text.subarray(B); // in each row, the character one step later
      return () => void session.step({ x, y });
    },
  };
}
