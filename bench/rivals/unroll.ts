/** This library, through its public API. The second argument is the numerics, or "int8": weights of `quantize`. */
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
import { int8, quantize } from "@unroll/rnn/int8";
import { peak } from "../peak.ts";
import { Missing, serve, type Work } from "./protocol.ts";
import { CLIP_NORM, input, LEARNING_RATE, outputGradient, sample, tokens, weights } from "./numbers.ts";
import { readBandwidth } from "./read_bandwidth.ts";
import { flops, weightBytes, type Workload } from "./workloads.ts";

const CELLS = { rnn: elman, gru, lstm };

const TASKS: Record<Workload["task"], (workload: Workload) => Promise<Work>> = {
  async train(workload) {
    const session = await compiled(workload, {
      loss: crossEntropy(),
      clip: clipNorm(CLIP_NORM),
      optimizer: (workload.optimizer === "adam" ? adam : sgd)({ learningRate: LEARNING_RATE[workload.optimizer] }),
    });
    const data = tokens(workload), run = () => session.step(data).loss;
    return { run: () => void run(), outcome: () => [run(), run()] };
  },

  async forward(workload) {
    const session = await compiled(workload, {}), x = input(workload);
    return { run: () => void session.forward(x), outcome: () => sample(session.forward(x)) };
  },

  async gradients(workload) {
    const session = await compiled(workload, { train: true });
    const x = input(workload);
    const dOutput = outputGradient(workload);
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

  async stream(workload) {
    const session = await compiled(workload, {}),
      x = input(workload),
      y = new Float32Array(workload.H),
      stream = session.stream();
    const run = () => void stream.step(x, y);
    const outcome = () => {
      for (let t = 0; t < 3; t++) run();
      return sample(y);
    };
    return { run, outcome };
  },
};

/** Session of a workload with the weights of all contenders. */
async function compiled(workload: Workload, options: Partial<Parameters<typeof compile>[1]>): Promise<Session> {
  const { cell, I, H, V, B, T, layers, bidirectional, threads } = workload;
  const rnn = recurrent(CELLS[cell](), { input: I, hidden: H, layers, bidirectional });
  const net = workload.task !== "train"
    ? sequential({ rnn })
    : workload.embedding
    ? sequential({ embedding: embedding(V, I), rnn, output: dense(H, V) })
    : sequential({ input: oneHot(V), rnn, output: dense(H, V) });
  if (Deno.args[1] === "int8") {
    if (workload.task === "train" || options.train) throw new Missing("int8 weights are not trained");
    const { net: small, parameters } = quantize(net, weights(workload));
    const session = await compile(small, { batch: B, steps: T, numerics: int8, threads, ...options });
    session.setParameters(parameters);
    return session;
  }
  const numerics = Deno.args[1] as Numerics;
  const session = await compile(net, { batch: B, steps: T, numerics, threads, ...options });
  session.setParameters(weights(workload));
  return session;
}

await serve(async (workload) => {
  const work = await TASKS[workload.task](workload);
  const { rate } = await peak("fast");
  const bytes = weightBytes(workload);
  const operations = flops(workload);
  const read = bytes ? await readBandwidth(bytes / workload.T) : undefined;
  return { ...work, limit: () => (operations / rate() + (read ? bytes / read() : 0)) * 1000 };
});
