/** TensorFlow.js with its own recurrent layers; the backend, "wasm" or "cpu", is the second argument. */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { serve, type Work } from "./contender.ts";
import { CLIP_NORM, gatesIn, input, LEARNING_RATE, outputGradient, sample } from "./numbers.ts";
import { type Tensor, tokens, transpose, weights } from "./numbers.ts";
import { GATES, type Row } from "./rows.ts";

/** PyTorch's gates in Keras's order: r, z, n become z, r, h. */
const ORDER = { rnn: [0], gru: [1, 0, 2], lstm: [0, 1, 2, 3] };

const TASKS: Record<Row["task"], (row: Row) => Work> = {
  train(row) {
    const { T, B, I, V } = row, { x, y } = batchFirst(row), backend = tf.getBackend();
    const layers = recurrentLayers(row), tensors = weights(row), output = tensors.get("output.weight")!;
    const weight = tf.variable(tf.tensor2d(transpose(output.data, V, output.shape[1]), [output.shape[1], V]));
    const bias = tf.variable(tf.tensor1d(tensors.get("output.bias")!.data));
    const table = row.embedding && tf.variable(tf.tensor2d(tensors.get("embedding.weight")!.data, [V, I]));
    const labels = tf.oneHot(tf.tensor1d(y, "int32"), V).toFloat(), index = tf.tensor1d(x, "int32");
    const oneHot = tf.oneHot(index, V).toFloat();
    const optimizer = tf.train[row.optimizer](LEARNING_RATE[row.optimizer]);
    // The wasm backend has no gradient of a gather, but one of a product.
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

  forward(row) {
    const { T, B, I } = row, layers = recurrentLayers(row);
    const x = tf.transpose(tf.tensor3d(input(row), [T, B, I]), [1, 0, 2]);
    const run = () => tf.tidy(() => layers.apply(x).dataSync());
    const outcome = () => sample(tf.tidy(() => tf.transpose(layers.apply(x), [1, 0, 2]).dataSync()));
    return { run: () => void run(), outcome, note: otherGru(row) };
  },

  gradients(row) {
    const { T, B, I, H, cell, bidirectional } = row, layers = recurrentLayers(row);
    const x = tf.variable(tf.transpose(tf.tensor3d(input(row), [T, B, I]), [1, 0, 2]));
    const D = bidirectional ? 2 : 1;
    const dy = tf.transpose(tf.tensor3d(outputGradient(row), [T, B, D * H]), [1, 0, 2]);
    const gradients = () => tf.variableGrads(() => tf.sum(tf.mul(layers.apply(x), dy))).grads;
    const run = () => tf.tidy(() => void Object.values(gradients()).forEach((gradient) => gradient.dataSync()));
    const outcome = () => {
      const data = tf.tidy(() => gradients()[layers.recurrentKernel].dataSync());
      return sample(transpose(data, H, GATES[cell] * H));
    };
    return { run, outcome, note: otherGru(row) };
  },

  stream(row) {
    const { layers, I, H } = row, x = tf.tensor2d(input(row), [1, I]), tensors = weights(row);
    const cells = Array.from({ length: layers }, (_, l) => {
      const cell = tf.layers.lstmCell({ units: H, recurrentActivation: "sigmoid", recurrentInitializer: "zeros" });
      cell.build([1, l ? H : I]);
      cell.setWeights(kerasWeights(row, tensors, `_l${l}`));
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

/** The row's recurrent layers, batch first. */
function recurrentLayers(row: Row) {
  const { layers, I, H, cell, bidirectional } = row, tensors = weights(row);
  const make = { rnn: tf.layers.simpleRNN, gru: tf.layers.gru, lstm: tf.layers.lstm }[cell];
  const stack = Array.from({ length: layers }, (_, l) =>
    (bidirectional ? ["", "_reverse"] : [""]).map((suffix) => {
      // deno-lint-ignore no-explicit-any
      const options: any = { units: H, returnSequences: true, goBackwards: suffix !== "" };
      const sigmoid = cell === "rnn" ? {} : { recurrentActivation: "sigmoid" };
      // Its own initial weights are replaced, and the orthogonal ones take seconds.
      const layer = make({ ...options, ...sigmoid, recurrentInitializer: "zeros" });
      layer.apply(tf.zeros([1, 1, l ? H : I])); // makes its weights
      layer.setWeights(kerasWeights(row, tensors, `_l${l}${suffix}`));
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
function kerasWeights({ cell }: Row, tensors: Map<string, Tensor>, suffix: string): tf.Tensor[] {
  const tensor = (name: string) => tensors.get(`rnn.${name}${suffix}`)!;
  const [Wx, Wh] = ["weight_ih", "weight_hh"].map((name) => {
    const { shape: [rows, columns] } = tensor(name);
    return tf.tensor2d(transpose(gatesIn(ORDER[cell], tensor(name)), rows, columns), [columns, rows]);
  });
  const biases = ["bias_ih", "bias_hh"].map((name) => gatesIn(ORDER[cell], tensor(name)));
  return [Wx, Wh, tf.tensor1d(biases[0].map((b, i) => b + biases[1][i]))];
}

/** Tokens and targets, [B, T]. */
function batchFirst(row: Row) {
  const { x, y } = tokens(row), turn = (data: Int32Array) => Int32Array.from(transpose(data, row.T, row.B));
  return { x: turn(x), y: turn(y) };
}

function otherGru({ cell }: Row): string {
  return cell === "gru" ? "the reset gate acts before the product: `resetAfter` is missing, so results differ" : "";
}

if (Deno.args[1] === "wasm") setThreadsCount(1);
if (!await tf.setBackend(Deno.args[1])) throw new Error(`no backend "${Deno.args[1]}"`);
await serve((row) => TASKS[row.task](row));
