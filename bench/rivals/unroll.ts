/** Ours, through the public API; the numerics are the second argument. */
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  elman,
  embedding,
  gru,
  lstm,
  type Numerics,
  oneHot,
  recurrent,
  sequential,
  type Session,
  sgd,
} from "@unroll/rnn";
import { peak } from "../peak.ts";
import { serve, type Work } from "./contender.ts";
import { CLIP_NORM, input, LEARNING_RATE, outputGradient, sample, tokens, weights } from "./numbers.ts";
import { readBandwidth } from "./read_bandwidth.ts";
import { flops, type Row, weightBytes } from "./rows.ts";

const CELLS = { rnn: elman, gru, lstm };

const TASKS: Record<Row["task"], (row: Row) => Promise<Work>> = {
  async train(row) {
    const session = await compiled(row, {
      loss: crossEntropy(),
      clip: clipNorm(CLIP_NORM),
      optimizer: (row.optimizer === "adam" ? adam : sgd)({ learningRate: LEARNING_RATE[row.optimizer] }),
    });
    const data = tokens(row), run = () => session.step(data).loss;
    return { run: () => void run(), outcome: () => [run(), run()] };
  },

  async forward(row) {
    const session = await compiled(row, {}), x = input(row);
    return { run: () => void session.forward(x), outcome: () => sample(session.forward(x)) };
  },

  async gradients(row) {
    const session = await compiled(row, { train: true }), x = input(row), dOutput = outputGradient(row);
    const run = () => {
      session.forward(x);
      session.backward(dOutput);
    };
    const outcome = () => {
      run();
      return sample(session.gradients().get("rnn.weight_hh_l0")!.data);
    };
    return { run, outcome };
  },

  async stream(row) {
    const session = await compiled(row, {}), x = input(row), y = new Float32Array(row.H), stream = session.stream();
    const run = () => void stream.step(x, y);
    const outcome = () => {
      for (let t = 0; t < 3; t++) run();
      return sample(y);
    };
    return { run, outcome };
  },
};

/** The net of a row with the weights that all contenders have. */
async function compiled(row: Row, options: Partial<Parameters<typeof compile>[1]>): Promise<Session> {
  const { cell, I, H, V, B, T, layers, bidirectional, threads } = row;
  const rnn = recurrent(CELLS[cell](), { input: I, hidden: H, layers, bidirectional });
  const net = row.task !== "train"
    ? sequential({ rnn })
    : row.embedding
    ? sequential({ embedding: embedding(V, I), rnn, output: dense(H, V) })
    : sequential({ input: oneHot(V), rnn, output: dense(H, V) });
  const numerics = Deno.args[1] as Numerics;
  const session = await compile(net, { batch: B, steps: T, numerics, threads, ...options });
  session.setParameters(weights(row));
  return session;
}

await serve(async (row) => {
  const work = await TASKS[row.task](row);
  const { rate } = await peak("fast"), bytes = weightBytes(row), operations = flops(row);
  const read = bytes ? await readBandwidth(bytes / row.T) : undefined;
  return { ...work, limit: () => (operations / rate() + (read ? bytes / read() : 0)) * 1000 };
});
