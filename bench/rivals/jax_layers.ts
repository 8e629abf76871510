/** Recurrent layers for jax-js, which has none. Arrays are owned: a call uses its arguments up, `.ref` keeps one. */
import { nn, numpy as np, tree } from "@jax-js/jax";
import { transpose, weights } from "./numbers.ts";
import type { Row } from "./rows.ts";

/** By PyTorch's names, matrices as [in, out]. */
export type Parameters = Record<string, np.Array>;
/** h, or h and c. */
export type State = np.Array[];

/** From the input's share of the gates, h's share and the state to the next state. */
const CELLS: Record<Row["cell"], (zx: np.Array, zh: np.Array, state: State) => State> = {
  rnn(zx, zh, [h]) {
    h.dispose();
    return [np.tanh(zx.add(zh))];
  },

  gru(zx, zh, [h]) {
    const [xr, xz, xn] = np.split(zx, 3, 1), [hr, hz, hn] = np.split(zh, 3, 1);
    const r = nn.sigmoid(xr.add(hr)), z = nn.sigmoid(xz.add(hz)), n = np.tanh(xn.add(r.mul(hn)));
    return [n.ref.add(z.mul(h.sub(n)))];
  },

  lstm(zx, zh, [h, c]) {
    h.dispose();
    const [i, f, g, o] = np.split(zx.add(zh), 4, 1);
    const next = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
    return [nn.sigmoid(o).mul(np.tanh(next.ref)), next];
  },
};

/** One layer over a list of steps, from a state: the outputs, and the last state. */
export function unrolled({ cell }: Row, p: Parameters, suffix: string, xs: np.Array[], state: State) {
  const of = (name: string) => p[`rnn.${name}${suffix}`].ref, ys: np.Array[] = [];
  for (const x of xs) {
    const zx = np.matmul(x, of("weight_ih")).add(of("bias_ih"));
    const zh = np.matmul(state[0].ref, of("weight_hh")).add(of("bias_hh"));
    state = CELLS[cell](zx, zh, state);
    ys.push(state[0].ref);
  }
  return { ys, state };
}

/** All layers of a row from zero states. */
export function layers(row: Row, p: Parameters, xs: np.Array[]): np.Array[] {
  for (let l = 0; l < row.layers; l++) {
    const ahead = unrolled(row, p, `_l${l}`, tree.ref(xs), zeros(row)).ys;
    if (!row.bidirectional) xs = ahead;
    else {
      const back = unrolled(row, p, `_l${l}_reverse`, xs.toReversed(), zeros(row)).ys.reverse();
      xs = ahead.map((y, t) => np.concatenate([y, back[t]], 1));
    }
  }
  return xs;
}

/** Initial state. */
export function zeros({ B, H, cell }: Row): State {
  return Array.from({ length: cell === "lstm" ? 2 : 1 }, () => np.zeros([B, H]));
}

/** The weights that all contenders have. */
export function parameters(row: Row): Parameters {
  const entries = [...weights(row).values()].map(({ name, shape: [rows, columns], data }) => {
    if (columns === undefined) return [name, np.array(data)];
    if (name === "embedding.weight") return [name, np.array(data).reshape([rows, columns])];
    return [name, np.array(transpose(data, rows, columns)).reshape([columns, rows])];
  });
  return Object.fromEntries(entries);
}
