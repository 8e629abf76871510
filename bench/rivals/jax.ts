/**
 * jax-js on one thread of its wasm device. It has no recurrent layers and no loop over time: cells written by hand,
 * unrolled inside a jit, in pieces of at most 50 steps where no gradients are wanted. Arrays are owned: a call uses its
 * arguments up, `.ref` keeps one.
 */
import "./without_workers.ts"; // before jax-js looks for them
import { blockUntilReady, defaultDevice, grad, init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { serve, type Work } from "./contender.ts";
import { CLIP_NORM, input, LEARNING_RATE, outputGradient, sample, tokens, transpose, weights } from "./numbers.ts";
import { GATES, type Row } from "./rows.ts";

/** By PyTorch's names, matrices as [in, out]. */
type Parameters = Record<string, np.Array>;
/** h, or h and c. */
type State = np.Array[];

/** From the input's share of the gates, h's share and the state to the next state. */
const CELLS: Record<
  Row["cell"],
  (zx: np.Array, zh: np.Array, state: State) => State
> = {
  rnn(zx, zh, [h]) {
    h.dispose();
    return [np.tanh(zx.add(zh))];
  },

  gru(zx, zh, [h]) {
    const [xr, xz, xn] = np.split(zx, 3, 1), [hr, hz, hn] = np.split(zh, 3, 1);
    const r = nn.sigmoid(xr.add(hr)),
      z = nn.sigmoid(xz.add(hz)),
      n = np.tanh(xn.add(r.mul(hn)));
    return [n.ref.add(z.mul(h.sub(n)))];
  },

  lstm(zx, zh, [h, c]) {
    h.dispose();
    const [i, f, g, o] = np.split(zx.add(zh), 4, 1);
    const next = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
    return [nn.sigmoid(o).mul(np.tanh(next.ref)), next];
  },
};

const PIECE = 50;

const TASKS: Record<Row["task"], (row: Row) => Work> = {
  train(row) {
    const { T, V } = row, { x, y } = tokens(row);
    const xs = steps(oneHot(x, V), T), ys = steps(oneHot(y, V), T);
    let p = parameters(row),
      t = 0,
      m = tree.map(
        (p: np.Array) => np.zeros(p.shape),
        tree.ref(p),
      ) as Parameters;
    let v = tree.map(
      (p: np.Array) => np.zeros(p.shape),
      tree.ref(p),
    ) as Parameters;

    const step = jit(
      (
        p: Parameters,
        m: Parameters,
        v: Parameters,
        xs: np.Array[],
        ys: np.Array[],
        t: np.Array,
      ) => {
        const [loss, gradients] = valueAndGrad((p: Parameters) => meanLoss(row, p, xs, ys))(tree.ref(p));
        const squares = Object.values(gradients).map((g) => np.square(g.ref).sum()).reduce((a, b) => a.add(b));
        const scale = np.minimum(np.trueDivide(CLIP_NORM, np.sqrt(squares)), 1);
        const clipped = Object.entries(gradients).map(([name, g]) => [name, g.mul(scale.ref)] as const);
        if (row.optimizer === "sgd") {
          return [
            loss,
            Object.fromEntries(
              clipped.map((
                [name, g],
              ) => [name, p[name].sub(g.mul(LEARNING_RATE.sgd))]),
            ),
            m,
            v,
          ];
        }
        const next = [{}, {}, {}] as [Parameters, Parameters, Parameters];
        const [c1, c2] = [0.9, 0.999].map((beta) => np.subtract(1, np.power(beta, t.ref)));
        for (const [name, g] of clipped) {
          const first = m[name].mul(0.9).add(g.ref.mul(0.1)),
            second = v[name].mul(0.999).add(np.square(g).mul(0.001));
          const root = np.sqrt(second.ref.div(c2.ref)).add(1e-8);
          next[0][name] = p[name].sub(
            first.ref.div(c1.ref).div(root).mul(LEARNING_RATE.adam),
          );
          next[1][name] = first;
          next[2][name] = second;
        }
        return [loss, ...next];
      },
    );
    async function run(): Promise<number> {
      const results = step(p, m, v, tree.ref(xs), tree.ref(ys), np.array(++t));
      const [loss, ...next] = results as [
        np.Array,
        Parameters,
        Parameters,
        Parameters,
      ];
      [p, m, v] = next;
      await blockUntilReady(tree.ref(p));
      return (await loss.data())[0];
    }
    const note = row.embedding ? "embedding by a one-hot product: a gather has no gradient" : "";
    return { run, outcome: async () => [await run(), await run()], note };
  },

  forward(row) {
    const { T, B, I } = row, p = parameters(row), piece = Math.min(T, PIECE);
    const xs = steps(np.array(input(row)).reshape([T * B, I]), T);
    const ahead = jit((p: Parameters, xs: np.Array[], state: State) => unrolled(row, p, "_l0", xs, state));
    const both = jit((p: Parameters, xs: np.Array[]) => layers(row, p, xs));
    async function run(): Promise<np.Array[]> {
      if (row.bidirectional) {
        return await blockUntilReady(both(tree.ref(p), tree.ref(xs)));
      }
      const ys: np.Array[] = [];
      let state = zeros(row);
      for (let t = 0; t < T; t += piece) {
        const result = ahead(
          tree.ref(p),
          tree.ref(xs.slice(t, t + piece)),
          state,
        );
        ys.push(...result.ys);
        state = result.state;
      }
      tree.dispose(state);
      return await blockUntilReady(ys);
    }
    const outcome = async () =>
      sample(
        (await Promise.all((await run()).map((y) => y.data()))).flatMap((
          y,
        ) => [...y]),
      );
    return { run: async () => tree.dispose(await run()), outcome };
  },

  gradients(row) {
    const { T, B, I, H, cell, bidirectional } = row,
      width = H * (bidirectional ? 2 : 1);
    const p = parameters(row),
      xs = steps(np.array(input(row)).reshape([T * B, I]), T);
    const dys = steps(np.array(outputGradient(row)).reshape([T * B, width]), T);
    // Without the product by the identity, its compiler computes the gradient of h anew for each use: 1.7 times slower.
    const product = (
      { p, xs, dys }: { p: Parameters; xs: np.Array[]; dys: np.Array[] },
    ) => layers(row, p, xs).map((y, t) => np.matmul(y, np.eye(width)).mul(dys[t]).sum()).reduce((a, b) => a.add(b));
    const backward = jit((p: Parameters, xs: np.Array[], dys: np.Array[]) =>
      grad((inputs: { p: Parameters; xs: np.Array[] }) => product({ ...inputs, dys }))({ p, xs })
    );
    const run = () => blockUntilReady(backward(tree.ref(p), tree.ref(xs), tree.ref(dys)));
    const outcome = async () => {
      const data = await (await run()).p["rnn.weight_hh_l0"].data();
      return sample(transpose(data, H, GATES[cell] * H));
    };
    return { run: async () => tree.dispose(await run()), outcome };
  },

  stream(row) {
    const { I } = row,
      p = parameters(row),
      x = np.array(input(row)).reshape([1, I]);
    const step = jit((p: Parameters, x: np.Array, states: State[]) => {
      const next: State[] = [];
      for (let l = 0; l < row.layers; l++) {
        const { ys, state } = unrolled(row, p, `_l${l}`, [x], states[l]);
        x = ys[0];
        next.push(state);
      }
      return { y: x, next };
    });
    let states = [zeros(row), zeros(row)];
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

/** All layers of a row from zero states. */
function layers(row: Row, p: Parameters, xs: np.Array[]): np.Array[] {
  for (let l = 0; l < row.layers; l++) {
    const ahead = unrolled(row, p, `_l${l}`, tree.ref(xs), zeros(row)).ys;
    if (!row.bidirectional) xs = ahead;
    else {
      const back = unrolled(
        row,
        p,
        `_l${l}_reverse`,
        xs.toReversed(),
        zeros(row),
      ).ys.reverse();
      xs = ahead.map((y, t) => np.concatenate([y, back[t]], 1));
    }
  }
  return xs;
}

function unrolled(
  { cell }: Row,
  p: Parameters,
  suffix: string,
  xs: np.Array[],
  state: State,
) {
  const of = (name: string) => p[`rnn.${name}${suffix}`].ref,
    ys: np.Array[] = [];
  for (const x of xs) {
    const zx = np.matmul(x, of("weight_ih")).add(of("bias_ih"));
    const zh = np.matmul(state[0].ref, of("weight_hh")).add(of("bias_hh"));
    state = CELLS[cell](zx, zh, state);
    ys.push(state[0].ref);
  }
  return { ys, state };
}

function meanLoss(
  row: Row,
  p: Parameters,
  xs: np.Array[],
  ys: np.Array[],
): np.Array {
  const inputs = xs.map((x) => row.embedding ? np.matmul(x.ref, p["embedding.weight"].ref) : x.ref);
  const losses = layers(row, p, inputs).map((h, t) => {
    const logits = np.matmul(h, p["output.weight"].ref).add(
      p["output.bias"].ref,
    );
    return nn.logSoftmax(logits).mul(ys[t].ref).sum();
  });
  return losses.reduce((a, b) => a.add(b)).mul(-1 / (row.T * row.B));
}

function parameters(row: Row): Parameters {
  const entries = [...weights(row).values()].map(
    ({ name, shape: [rows, columns], data }) => {
      if (columns === undefined) return [name, np.array(data)];
      if (name === "embedding.weight") {
        return [name, np.array(data).reshape([rows, columns])];
      }
      return [
        name,
        np.array(transpose(data, rows, columns)).reshape([columns, rows]),
      ];
    },
  );
  return Object.fromEntries(entries);
}

function zeros({ B, H, cell }: Row): State {
  return Array.from(
    { length: cell === "lstm" ? 2 : 1 },
    () => np.zeros([B, H]),
  );
}

/** [T * B, columns] as T arrays. */
function steps(all: np.Array, T: number): np.Array[] {
  return np.split(all, T, 0);
}

function oneHot(classes: Int32Array<ArrayBuffer>, V: number): np.Array {
  return nn.oneHot(np.array(classes), V);
}

await init("wasm");
defaultDevice("wasm");
await serve((row) => TASKS[row.task](row));
