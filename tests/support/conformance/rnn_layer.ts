import { type Cell, elman, gru, lstm, recurrent, type States } from "../../../mod.ts";
import type { Case, CaseTensors } from "./read_cases.ts";
import { firstMissing, type Kind, type Result, sessionOn, setParameters } from "./kind.ts";

/** Cells by PyTorch's mode. */
export const CELLS: Record<string, (config: Case["config"]) => Cell> = {
  RNN_TANH: ({ bias }) => elman({ bias }),
  RNN_RELU: ({ bias }) => elman({ activation: "relu", bias }),
  LSTM: ({ bias, proj_size }) => lstm({ bias, projection: proj_size || undefined }),
  GRU: ({ bias }) => gru({ bias }),
};

/** PyTorch's `nn.RNN`, `nn.LSTM` and `nn.GRU`: outputs, last states and all gradients. */
export const rnnLayer: Kind = {
  missing: ({ config }) => firstMissing(config, { mode: Object.keys(CELLS), dropout: [0] }),

  async run({ config, tolerance, tensors: read }, arithmetic) {
    const tensors = read();
    const { input_size: input, hidden_size: hidden, num_layers: layers, bidirectional, batch_first: batchFirst } =
      config;
    const { T, B } = extent(tensors.shape("x"), batchFirst);
    const net = recurrent(CELLS[config.mode](config), { input, hidden, layers, bidirectional });
    using session = await sessionOn(arithmetic, net, { batch: B, steps: T, train: true, batchFirst });
    setParameters(session, tensors);

    const results: Result[] = [];
    const compare = (name: string, got: ArrayLike<number>, want: ArrayLike<number>) =>
      results.push({ name, arithmetic, got, want, tolerance });
    const compareStates = (what: string, got: States, want: States) => {
      requireSame(what, Object.keys(got), Object.keys(want));
      for (const name in want) compare(`${what} ${name}`, got[name], want[name]);
    };
    const states = (prefix: string, suffix: string) => byName(tensors, prefix, suffix, layers, bidirectional ? 2 : 1);

    const output = session.forward(tensors.floats("x"), {
      states: tensors.has("h0") ? states("", "0") : "zero",
      lengths: tensors.has("lengths") ? tensors.ints("lengths") : config.lengths ?? undefined,
    });
    compare("output", output, tensors.floats("output"));
    compareStates("last state", session.states(), states("", "_n"));

    const { dx, dStates } = session.backward(tensors.floats("dY"), states("d", "_n"));
    compare("grad.x", dx!, tensors.floats("grad.x"));
    if (tensors.has("grad.h0")) compareStates("gradient of first state", dStates, states("grad.", "0"));

    const gradients = session.gradients();
    requireSame("parameters", [...gradients.keys()], tensors.names("grad.").filter((name) => /weight|bias/.test(name)));
    for (const [name, { data }] of gradients) compare(`grad.${name}`, data, tensors.floats(`grad.${name}`));
    return results;
  },
};

/** Unbatched tensors, `(T, I)`, are a batch of one row. */
function extent(shape: readonly number[], batchFirst: boolean): { T: number; B: number } {
  if (shape.length === 2) return { T: shape[0], B: 1 };
  return batchFirst ? { T: shape[1], B: shape[0] } : { T: shape[0], B: shape[1] };
}

/** PyTorch's stacked states `[layers * directions, B, H]` under our names: h_l0, h_l0_reverse, h_l1, ... */
function byName(tensors: CaseTensors, prefix: string, suffix: string, layers: number, directions: number): States {
  const result: States = {};
  for (const kind of ["h", "c"]) {
    const stacked = prefix + kind + suffix;
    if (!tensors.has(stacked)) continue;
    const all = tensors.floats(stacked), count = layers * directions, size = all.length / count;
    for (let i = 0; i < count; i++) {
      const name = `${kind}_l${Math.floor(i / directions)}${i % directions ? "_reverse" : ""}`;
      result[name] = all.slice(i * size, (i + 1) * size);
    }
  }
  return result;
}

function requireSame(what: string, got: readonly string[], want: readonly string[]): void {
  if (got.toSorted().join() === want.toSorted().join()) return;
  throw new Error(`The net's ${what} are ${got.join(", ")}, the case has ${want.join(", ")}`);
}
