/** TensorFlow.js with its own recurrent layers. The second argument is the backend: "wasm" or "cpu". */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { serve, type Work } from "./protocol.ts";
import { CLIP_NORM, input, LEARNING_RATE, outputGradient, reorderGates, sample } from "./numbers.ts";
import { type Tensor, tokens, transpose, weights } from "./numbers.ts";
import { GATES, type Workload } from "./workloads.ts";

/** PyTorch's gates in Keras's order: r, z, n become z, r, h. */
const ORDER = { rnn: [0], gru: [1, 0, 2], lstm: [0, 1, 2, 3] };

const TASKS: Record<Workload["task"], (workload: Workload) => Work> = {
  train(workload) {
    const { T, B, I, V } = workload;
    const { x, y } = batchFirst(workload);
    const backend = tf.getBackend();
    const layers = recurrentLayers(workload);
    const tensors = weights(workload);
    const output = tensors.get("output.weight")!;
    const weight = tf.variable(tf.tensor2d(transpose(output.data, V, output.shape[1]), [output.shape[1], V]));
    const bias = tf.variable(tf.tensor1d(tensors.get("output.bias")!.data));
    const table = workload.embedding && tf.variable(tf.tensor2d(tensors.get("embedding.weight")!.data, [V, I]));
    const labels = tf.oneHot(tf.tensor1d(y, "int32"), V).toFloat();
    const index = tf.tensor1d(x, "int32");
    const oneHot = tf.oneHot(index, V).toFloat();
    const optimizer = tf.train[workload.optimizer](LEARNING_RATE[workload.optimizer]);
    // The wasm backend has a gradient of a matmul, but not of a gather.
    const lookup = () => !table ? oneHot : backend === "wasm" ? tf.matMul(oneHot, table) : tf.gather(table, index);

    function loss(): tf.Scalar {
      const hidden = layers.apply(lookup().reshape([B, T, I])).reshape([B * T, -1]);
      return tf.losses.softmaxCrossEntropy(labels, tf.add(tf.matMul(hidden, weight), bias));
    }
    const run = () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss);
        const squares = Object.values(grads).map((gradient) => gradient.square().sum());
        const scale = tf.minimum(tf.div(CLIP_NORM, tf.addN(squares).sqrt()), 1);
        const clipped = Object.entries(grads).map(([name, gradient]) => [name, tf.mul(gradient, scale)]);
        optimizer.applyGradients(Object.fromEntries(clipped));
        return value.dataSync()[0];
      });
    const byProduct = "; embedding by a one-hot product: `UnsortedSegmentSum` is missing";
    const note = `one bias where the others have two, so updates differ${table && backend === "wasm" ? byProduct : ""}`;
    return { run: () => void run(), outcome: () => [run(), run()], note };
  },

  forward(workload) {
    const { T, B, I } = workload, layers = recurrentLayers(workload);
    const x = tf.transpose(tf.tensor3d(input(workload), [T, B, I]), [1, 0, 2]);
    const run = () => tf.tidy(() => layers.apply(x).dataSync());
    const outcome = () => sample(tf.tidy(() => tf.transpose(layers.apply(x), [1, 0, 2]).dataSync()));
    return { run: () => void run(), outcome, note: otherGru(workload) };
  },

  gradients(workload) {
    const { T, B, I, H, cell, bidirectional } = workload;
    const layers = recurrentLayers(workload);
    const x = tf.variable(tf.transpose(tf.tensor3d(input(workload), [T, B, I]), [1, 0, 2]));
    const D = bidirectional ? 2 : 1;
    const dy = tf.transpose(tf.tensor3d(outputGradient(workload), [T, B, D * H]), [1, 0, 2]);
    const gradients = () => tf.variableGrads(() => tf.sum(tf.mul(layers.apply(x), dy))).grads;
    const run = () => tf.tidy(() => void Object.values(gradients()).forEach((gradient) => gradient.dataSync()));
    const outcome = () => {
      const data = tf.tidy(() => gradients()[layers.recurrentKernel].dataSync());
      return sample(transpose(data, H, GATES[cell] * H));
    };
    return { run, outcome, note: otherGru(workload) };
  },

  stream(workload) {
    const { layers, I, H } = workload;
    const x = tf.tensor2d(input(workload), [1, I]);
    const tensors = weights(workload);
    const cells = Array.from({ length: layers }, (_, l) => {
      const cell = tf.layers.lstmCell({ units: H, recurrentActivation: "sigmoid", recurrentInitializer: "zeros" });
      cell.build([1, l ? H : I]);
      cell.setWeights(kerasWeights(workload, tensors, `_l${l}`));
      return cell;
    });
    let states: tf.Tensor[][] = cells.map(() => [tf.zeros([1, H]), tf.zeros([1, H])]);
    function run() {
      const old = states;
      const y = tf.tidy(() => {
        let y: tf.Tensor = x;
        states = cells.map((cell, l) => {
          const [h, ...next] = cell.call([y, ...old[l]], {}) as tf.Tensor[];
          y = h;
          return next.map((state) => tf.keep(state));
        });
        return y.dataSync();
      });
      tf.dispose(old);
      return y;
    }
    const outcome = () => {
      for (let t = 0; t < 2; t++) run();
      return sample(run());
    };
    return { run: () => void run(), outcome };
  },
};

/** Recurrent layers of a workload, batch first. */
function recurrentLayers(workload: Workload) {
  const { layers, I, H, cell, bidirectional } = workload, tensors = weights(workload);
  const make = { rnn: tf.layers.simpleRNN, gru: tf.layers.gru, lstm: tf.layers.lstm }[cell];
  const stack = Array.from({ length: layers }, (_, l) =>
    (bidirectional ? ["", "_reverse"] : [""]).map((suffix) => {
      // deno-lint-ignore no-explicit-any
      const options: any = { units: H, returnSequences: true, goBackwards: suffix !== "" };
      const sigmoid = cell === "rnn" ? {} : { recurrentActivation: "sigmoid" };
      // The initial weights are replaced, and orthogonal ones would take seconds.
      const layer = make({ ...options, ...sigmoid, recurrentInitializer: "zeros" });
      layer.apply(tf.zeros([1, 1, l ? H : I])); // creates the weights
      layer.setWeights(kerasWeights(workload, tensors, `_l${l}${suffix}`));
      return layer;
    }));
  const apply = (x: tf.Tensor) =>
    stack.reduce((below, [ahead, back]) => {
      const y = ahead.apply(below) as tf.Tensor;
      return back ? tf.concat([y, tf.reverse(back.apply(below) as tf.Tensor, 1)], 2) : y;
    }, x);
  return { apply, recurrentKernel: (stack[0][0].trainableWeights[1].read() as tf.Variable).name };
}

/** Kernel [I, G * H], recurrent kernel [H, G * H], one bias [G * H]. */
function kerasWeights({ cell }: Workload, tensors: Map<string, Tensor>, suffix: string): tf.Tensor[] {
  const tensor = (name: string) => tensors.get(`rnn.${name}${suffix}`)!;
  const [Wx, Wh] = ["weight_ih", "weight_hh"].map((name) => {
    const { shape: [rows, columns] } = tensor(name);
    return tf.tensor2d(transpose(reorderGates(ORDER[cell], tensor(name)), rows, columns), [columns, rows]);
  });
  const biases = ["bias_ih", "bias_hh"].map((name) => reorderGates(ORDER[cell], tensor(name)));
  return [Wx, Wh, tf.tensor1d(biases[0].map((b, i) => b + biases[1][i]))];
}

/** Tokens and targets as [B, T]. */
function batchFirst(workload: Workload) {
  const { x, y } = tokens(workload),
    turn = (data: Int32Array) => Int32Array.from(transpose(data, workload.T, workload.B));
  return { x: turn(x), y: turn(y) };
}

function otherGru({ cell }: Workload): string {
  return cell === "gru" ? "the reset gate acts before the product: `resetAfter` is missing, so results differ" : "";
}

if (Deno.args[1] === "wasm") setThreadsCount(1);
if (!await tf.setBackend(Deno.args[1])) {
  throw new Error(`Cannot select the backend "${Deno.args[1]}": expected "wasm" or "cpu"`);
}
await serve((workload) => TASKS[workload.task](workload));
