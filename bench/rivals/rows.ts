/** What every contender does, one row of the table each. Numbers only, so that another language can read them. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /**
   * `"train"`: a whole training step. `"forward"`: outputs alone. `"gradients"`: forward, then the gradients of the input
   * and of all weights from a given gradient of the output. `"stream"`: one time step, the states carried.
   */
  readonly task: "train" | "forward" | "gradients" | "stream";
  readonly cell: "rnn" | "gru" | "lstm";
  readonly bidirectional: boolean;
  readonly layers: number;
  /** Sizes: input and hidden units, rows, time steps. */
  readonly I: number;
  readonly H: number;
  readonly B: number;
  readonly T: number;
  /** Training: vocabulary, and whether tokens become learned vectors of I elements instead of one-hot rows (I = V). */
  readonly V: number;
  readonly embedding: boolean;
  readonly optimizer: "adam" | "sgd";
  /** Threads that the contender may use: the runner says. */
  readonly threads?: number;
}

const LAYER = { bidirectional: false, layers: 1, V: 0, embedding: false, optimizer: "sgd" } as const;
const SMALL = { ...LAYER, I: 128, H: 128, B: 32, T: 100 } as const;
const NAMES = { rnn: "tanh RNN", gru: "GRU", lstm: "LSTM" };

export const ROWS: readonly Row[] = [
  {
    ...{ ...LAYER, id: "W1", title: "W1 char-rnn, training step", task: "train", cell: "lstm", layers: 2 },
    ...{ I: 65, H: 128, B: 50, T: 50, V: 65, optimizer: "adam" },
  },
  wordModel(256),
  wordModel(512),
  ...both({ ...SMALL, id: "W3-rnn", cell: "rnn" }),
  ...both({ ...SMALL, id: "W3-gru", cell: "gru" }),
  ...both({ ...SMALL, id: "W3-lstm", cell: "lstm" }),
  ...both({ ...SMALL, id: "W3-bilstm", cell: "lstm", bidirectional: true }),
  ...both({ ...LAYER, id: "W3-lstm512", cell: "lstm", I: 512, H: 512, B: 64, T: 50 }),
  ...[128, 256, 512].map((H): Row => ({
    ...{ ...LAYER, id: `W4-${H}`, title: `W4 streaming, 2 x LSTM ${H}`, task: "stream", cell: "lstm", layers: 2 },
    ...{ I: H, H, B: 1, T: 1 },
  })),
  inference(1, 1000),
  inference(32, 100),
];

function wordModel(H: number): Row {
  return {
    ...{ ...LAYER, id: `W2-${H}`, title: `W2 word model, H = ${H}, training step`, task: "train", cell: "lstm" },
    ...{ layers: 2, I: 256, H, B: 20, T: 35, V: 10_000, embedding: true },
  };
}

function both(row: Omit<Row, "title" | "task">): Row[] {
  const name = `W3 ${row.bidirectional ? "Bi" : ""}${NAMES[row.cell]} ${row.H}`;
  return [
    { ...row, id: `${row.id}-forward`, title: `${name}, forward`, task: "forward" },
    { ...row, id: `${row.id}-gradients`, title: `${name}, forward + backward`, task: "gradients" },
  ];
}

function inference(B: number, T: number): Row {
  const title = `W5 LSTM 256, inference, B = ${B}, T = ${T}`;
  return { ...LAYER, id: `W5-B${B}`, title, task: "forward", cell: "lstm", I: 128, H: 256, B, T };
}

/** Gates of a cell. */
export const GATES = { rnn: 1, gru: 3, lstm: 4 };

/** A parameter of a row's net, with PyTorch's name and shape. */
export interface Shape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The parameters in PyTorch's order. */
export function parameters({ cell, bidirectional, layers, I, H, V, embedding }: Row): Shape[] {
  const G = GATES[cell], list: Shape[] = [];
  if (embedding) list.push({ name: "embedding.weight", shape: [V, I] });
  for (let l = 0; l < layers; l++) {
    for (const suffix of bidirectional ? ["", "_reverse"] : [""]) {
      list.push(
        { name: `rnn.weight_ih_l${l}${suffix}`, shape: [G * H, l ? H : I] },
        { name: `rnn.weight_hh_l${l}${suffix}`, shape: [G * H, H] },
        { name: `rnn.bias_ih_l${l}${suffix}`, shape: [G * H] },
        { name: `rnn.bias_hh_l${l}${suffix}`, shape: [G * H] },
      );
    }
  }
  if (V) list.push({ name: "output.weight", shape: [V, H] }, { name: "output.bias", shape: [V] });
  return list;
}

/**
 * Floating-point operations of a row's matrix products, 2 m n k each; nothing else counts. With gradients, each product
 * has two more, one for its input and one for its weight. A one-hot input picks rows and counts as nothing.
 */
export function flops(row: Row): number {
  const weights = parameters(row).filter(({ name, shape }) => {
    const picked = row.V && !row.embedding ? name === "rnn.weight_ih_l0" : name === "embedding.weight";
    return shape.length === 2 && !picked;
  });
  const elements = weights.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
  return 2 * row.T * row.B * elements * (row.task === "train" || row.task === "gradients" ? 3 : 1);
}

/**
 * Bytes of weights that must be read because a step needs the step before: all weights of a stream, those of the state
 * at every step of an inference row. Training and gradients are bound by operations: none.
 */
export function weightBytes(row: Row): number {
  const { id, task, cell, layers, I, H, T } = row, G = GATES[cell];
  if (task === "stream") return 4 * layers * G * H * (I + H);
  return id.startsWith("W5") ? 4 * T * G * H * H : 0;
}
