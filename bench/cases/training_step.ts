import {
  adam,
  type Cell,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  elman,
  Generator,
  gru,
  lstm,
  oneHot,
  recurrent,
  sequential,
} from "@unroll/rnn";
import { B, type Case, H, T, V } from "./case.ts";

/** Operations of one matmul of the output layer, over all steps. */
const OUTPUT = 2 * T * B * H * V;

/**
 * Whole training steps on characters: one-hot input, two recurrent layers, output layer, cross-entropy,
 * back-propagation through time, clipping, Adam. The LSTM's number of operations is the one for comparison with other
 * libraries: it has the output layer's matmul once and leaves out its two gradients (3.07 GFLOP with them).
 */
export const trainingSteps: Case[] = [
  trainingStep("lstm", lstm, matmuls(4) - 2 * OUTPUT),
  trainingStep("gru", gru, matmuls(3)),
  trainingStep("tanh rnn", elman, matmuls(1)),
];

/**
 * Operations of all matmuls of a step, for a cell with G gates: h W_hhᵀ in both layers, x W_ihᵀ in the second layer
 * (the first one gathers rows), and the output layer. Each counts three times: forward, gradient of the input, gradient
 * of the weight.
 */
function matmuls(G: number): number {
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
      const x = text.subarray(0, T * B), y = text.subarray(B); // the target is the next character of the row
      return () => void session.step({ x, y });
    },
  };
}
