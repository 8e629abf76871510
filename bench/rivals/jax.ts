/**
 * jax-js on one thread of its wasm device. jax-js has no loop over time. Gradients and bidirectional layers unroll all
 * steps inside one jit. Other workloads call a jit of one step T times.
 */
import "./without_workers.ts"; // before jax-js starts its workers
import { blockUntilReady, defaultDevice, grad, init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { serve, type Work } from "./protocol.ts";
import { layers, type Parameters, parameters, type State, unrolled, zeros } from "./jax_layers.ts";
import { CLIP_NORM, input, LEARNING_RATE, outputGradient, sample, tokens, transpose } from "./numbers.ts";
import { GATES, type Workload } from "./workloads.ts";

const TASKS: Record<Workload["task"], (workload: Workload) => Work> = {
  train(workload) {
    const { V } = workload,
      { x, y } = tokens(workload),
      xs = steps(oneHot(x, V), workload),
      ys = steps(oneHot(y, V), workload);
    const likeParameters = () => tree.map((p: np.Array) => np.zeros(p.shape), parameters(workload)) as Parameters;
    let p = parameters(workload), m = likeParameters(), v = likeParameters(), t = 0;
    const step = jit((p: Parameters, m: Parameters, v: Parameters, xs: np.Array[], ys: np.Array[], t: np.Array) => {
      const [loss, gradients] = valueAndGrad((p: Parameters) => meanLoss(workload, p, xs, ys))(tree.ref(p));
      return { loss, ...update(workload, p, m, v, gradients, t) };
    });

    async function run(): Promise<number> {
      const next = step(p, m, v, tree.ref(xs), tree.ref(ys), np.array(++t));
      ({ p, m, v } = next);
      await blockUntilReady(tree.ref(p));
      return (await next.loss.data())[0];
    }
    const note = workload.embedding ? "embedding by a one-hot product: a gather has no gradient" : "";
    return { run, outcome: async () => [await run(), await run()], note };
  },

  forward(workload) {
    const p = parameters(workload), xs = steps(input(workload), workload);
    const step = jit((p: Parameters, x: np.Array, state: State) => unrolled(workload, p, "_l0", [x], state));
    const both = jit((p: Parameters, xs: np.Array[]) => layers(workload, p, xs));

    async function run(): Promise<np.Array[]> {
      if (workload.bidirectional) return await blockUntilReady(both(tree.ref(p), tree.ref(xs)));
      const outputs: np.Array[] = [];
      let state = zeros(workload);
      for (const x of xs) {
        const { ys: [y], state: next } = step(tree.ref(p), x.ref, state);
        outputs.push(await y.blockUntilReady()); // a pending array would be traversed again at each step
        state = next;
      }
      tree.dispose(state);
      return outputs;
    }
    const outcome = async () => {
      const outputs = await Promise.all((await run()).map((y) => y.data()));
      return sample(outputs.flatMap((y) => [...y]));
    };
    return { run: async () => tree.dispose(await run()), outcome };
  },

  gradients(workload) {
    const { H, cell, bidirectional } = workload;
    const width = H * (bidirectional ? 2 : 1);
    const p = parameters(workload);
    const xs = steps(input(workload), workload);
    const dys = steps(outputGradient(workload), workload);
    // Without the matmul with the identity, jax-js recomputes the gradient of h for each use: 1.7 times slower.
    const product = (y: np.Array, dy: np.Array) => np.matmul(y, np.eye(width)).mul(dy).sum();
    const backward = jit((p: Parameters, xs: np.Array[], dys: np.Array[]) =>
      grad(({ p, xs }: { p: Parameters; xs: np.Array[] }) =>
        layers(workload, p, xs).map((y, t) => product(y, dys[t])).reduce((a, b) => a.add(b))
      )({ p, xs })
    );
    const run = () => blockUntilReady(backward(tree.ref(p), tree.ref(xs), tree.ref(dys)));
    const outcome = async () => {
      const data = await (await run()).p["rnn.weight_hh_l0"].data();
      return sample(transpose(data, H, GATES[cell] * H));
    };
    return { run: async () => tree.dispose(await run()), outcome };
  },

  stream(workload) {
    const p = parameters(workload);
    const x = np.array(input(workload)).reshape([1, workload.I]);
    const step = jit((p: Parameters, x: np.Array, states: State[]) => {
      const next = states.map((given, l) => {
        const { ys: [y], state } = unrolled(workload, p, `_l${l}`, [x], given);
        x = y;
        return state;
      });
      return { y: x, next };
    });
    let states = Array.from({ length: workload.layers }, () => zeros(workload));

    async function run() {
      const { y, next } = step(tree.ref(p), x.ref, states);
      states = next;
      return await y.data();
    }
    const outcome = async () => {
      for (let t = 0; t < 2; t++) await run();
      return sample(await run());
    };
    return { run, outcome };
  },
};

function meanLoss(workload: Workload, p: Parameters, xs: np.Array[], ys: np.Array[]): np.Array {
  const inputs = xs.map((x) => workload.embedding ? np.matmul(x.ref, p["embedding.weight"].ref) : x.ref);
  const losses = layers(workload, p, inputs).map((h, t) => {
    const logits = np.matmul(h, p["output.weight"].ref).add(p["output.bias"].ref);
    return nn.logSoftmax(logits).mul(ys[t].ref).sum();
  });
  return losses.reduce((a, b) => a.add(b)).mul(-1 / (workload.T * workload.B));
}

/** Clip the norm of all gradients, then run step t of the workload's optimizer. */
function update(
  { optimizer }: Workload,
  p: Parameters,
  m: Parameters,
  v: Parameters,
  gradients: Parameters,
  t: np.Array,
): { p: Parameters; m: Parameters; v: Parameters } {
  const squares = Object.values(gradients).map((g) => np.square(g.ref).sum()).reduce((a, b) => a.add(b));
  const scale = np.minimum(np.trueDivide(CLIP_NORM, np.sqrt(squares)), 1);
  const [c1, c2] = [0.9, 0.999].map((beta) => np.subtract(1, np.power(beta, t.ref)));
  const next: { p: Parameters; m: Parameters; v: Parameters } = { p: {}, m: {}, v: {} };
  for (const [name, gradient] of Object.entries(gradients)) {
    const g = gradient.mul(scale.ref);
    if (optimizer === "sgd") {
      next.p[name] = p[name].sub(g.mul(LEARNING_RATE.sgd));
      continue;
    }
    const first = m[name].mul(0.9).add(g.ref.mul(0.1));
    const second = v[name].mul(0.999).add(np.square(g).mul(0.001));
    const root = np.sqrt(second.ref.div(c2.ref)).add(1e-8);
    next.p[name] = p[name].sub(first.ref.div(c1.ref).div(root).mul(LEARNING_RATE.adam));
    next.m[name] = first;
    next.v[name] = second;
  }
  return optimizer === "sgd" ? { ...next, m, v } : next;
}

/** Split [T, B, columns] into T arrays. Slices of one array would be copied again at each use. */
function steps(all: Float32Array<ArrayBuffer>, { T, B }: Workload): np.Array[] {
  const size = all.length / T;
  return Array.from({ length: T }, (_, t) => np.array(all.slice(t * size, (t + 1) * size)).reshape([B, size / B]));
}

/** One-hot rows [T, B, V]. */
function oneHot(classes: Int32Array, V: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(classes.length * V);
  classes.forEach((c, i) => all[i * V + c] = 1);
  return all;
}

await init("wasm");
defaultDevice("wasm");
await serve((workload) => TASKS[workload.task](workload));
