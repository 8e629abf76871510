import { type Cell, compile, elman, gru, lstm } from "@unroll/rnn";
import { charRnn, tokenBatch, TRAINING } from "../char_rnn.ts";
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
      const session = await compile(charRnn(cell()), { batch: B, steps: T, numerics, ...TRAINING });
      const data = tokenBatch();
      return () => void session.step(data);
    },
  };
}
