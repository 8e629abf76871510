/** Recurrent layers for jax-js, which has none. Arrays are owned: a call consumes its arguments, `.ref` retains one. */
import { nn, numpy as np, tree } from "@jax-js/jax";
import { transpose, weights } from "./numbers.ts";
import type { Workload } from "./workloads.ts";

/** Parameters by PyTorch's names. Matrices are [in, out]. */
export type Parameters = Record<string, np.Array>;
/** `[h]`, or `[h, c]` of an LSTM. */
export type State = np.Array[];

/** Next state from the input's part of the gates, the part of h, and the state. */
const CELLS: Record<Workload["cell"], (zx: np.Array, zh: np.Array, state: State) => State> = {
  rnn(zx, zh, [h]) {
    h.dispose();
    return [np.tanh(zx.add(zh))];
  },

  gru(zx, zh, [h]) {
    const [xr, xz, xn] = np.split(zx, 3, 1), [hr, hz, hn] = np.split(zh, 3, 1);
    const r = nn.sigmoid(xr.add(hr));
    const z = nn.sigmoid(xz.add(hz));
    const n = np.tanh(xn.add(r.mul(hn)));
    return [n.ref.add(z.mul(h.sub(n)))];
  },

  lstm(zx, zh, [h, c]) {
    h.dispose();
    const [i, f, g, o] = np.split(zx.add(zh), 4, 1);
    const next = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
    return [nn.sigmoid(o).mul(np.tanh(next.ref)), next];
  },
};

/** Run one layer over a list of steps from a state. Returns the outputs and the final state. */
export function unrolled({ cell }: Workload, p: Parameters, suffix: string, xs: np.Array[], state: State) {
  const of = (name: string) => p[`rnn.${name}${suffix}`].ref, ys: np.Array[] = [];
  for (const x of xs) {
    const zx = np.matmul(x, of("weight_ih")).add(of("bias_ih"));
    const zh = np.matmul(state[0].ref, of("weight_hh")).add(of("bias_hh"));
    state = CELLS[cell](zx, zh, state);
    ys.push(state[0].ref);
  }
  return { ys, state };
}

/** Run all layers of a workload from zero states. */
export function layers(workload: Workload, p: Parameters, xs: np.Array[]): np.Array[] {
  for (let l = 0; l < workload.layers; l++) {
    const ahead = unrolled(workload, p, `_l${l}`, tree.ref(xs), zeros(workload)).ys;
    if (!workload.bidirectional) xs = ahead;
    else {
      const back = unrolled(workload, p, `_l${l}_reverse`, xs.toReversed(), zeros(workload)).ys.reverse();
      xs = ahead.map((y, t) => np.concatenate([y, back[t]], 1));
    }
  }
  return xs;
}

/** Zero initial state. */
export function zeros({ B, H, cell }: Workload): State {
  return Array.from({ length: cell === "lstm" ? 2 : 1 }, () => np.zeros([B, H]));
}

/** The weights that all contenders have. */
export function parameters(workload: Workload): Parameters {
  const entries = [...weights(workload).values()].map(({ name, shape: [rows, columns], data }) => {
    if (columns === undefined) return [name, np.array(data)];
    if (name === "embedding.weight") return [name, np.array(data).reshape([rows, columns])];
    return [name, np.array(transpose(data, rows, columns)).reshape([columns, rows])];
  });
  return Object.fromEntries(entries);
}
