/** Work of a contender: one row of the tables. It is plain data, so a contender in any language can read it. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  /**
   * `"train"` is a whole training step. `"forward"` computes outputs only. `"gradients"` is forward, then the gradients
   * of the input and of all weights from a given gradient of the output. `"stream"` is one time step with carried
   * states.
   */
  readonly task: "train" | "forward" | "gradients" | "stream";
  readonly cell: "rnn" | "gru" | "lstm";
  readonly bidirectional: boolean;
  readonly layers: number;
  /** Input size I, hidden size H, batch size B, number of time steps T. */
  readonly I: number;
  readonly H: number;
  readonly B: number;
  readonly T: number;
  /** Vocabulary size of training, else 0. */
  readonly V: number;
  /** Whether an embedding of I elements replaces one-hot rows of I = V. */
  readonly embedding: boolean;
  readonly optimizer: "adam" | "sgd";
  /** Number of threads of the contender. The runner sets it. */
  readonly threads?: number;
}

const LAYER = { bidirectional: false, layers: 1, V: 0, embedding: false, optimizer: "sgd" } as const;
const SMALL = { ...LAYER, I: 128, H: 128, B: 32, T: 100 } as const;
const NAMES = { rnn: "tanh RNN", gru: "GRU", lstm: "LSTM" };

export const WORKLOADS: readonly Workload[] = [
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
  ...[128, 256, 512].map((H): Workload => ({
    ...{ ...LAYER, id: `W4-${H}`, title: `W4 streaming, 2 x LSTM ${H}`, task: "stream", cell: "lstm", layers: 2 },
    ...{ I: H, H, B: 1, T: 1 },
  })),
  inference(1, 1000),
  inference(32, 100),
];

function wordModel(H: number): Workload {
  return {
    ...{ ...LAYER, id: `W2-${H}`, title: `W2 word model, H = ${H}, training step`, task: "train", cell: "lstm" },
    ...{ layers: 2, I: 256, H, B: 20, T: 35, V: 10_000, embedding: true },
  };
}

function both(workload: Omit<Workload, "title" | "task">): Workload[] {
  const name = `W3 ${workload.bidirectional ? "Bi" : ""}${NAMES[workload.cell]} ${workload.H}`;
  return [
    { ...workload, id: `${workload.id}-forward`, title: `${name}, forward`, task: "forward" },
    { ...workload, id: `${workload.id}-gradients`, title: `${name}, forward + backward`, task: "gradients" },
  ];
}

function inference(B: number, T: number): Workload {
  const title = `W5 LSTM 256, inference, B = ${B}, T = ${T}`;
  return { ...LAYER, id: `W5-B${B}`, title, task: "forward", cell: "lstm", I: 128, H: 256, B, T };
}

/** Number of gates of each cell. */
export const GATES = { rnn: 1, gru: 3, lstm: 4 };

/** Name and shape of a parameter, as in PyTorch. */
export interface Shape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Parameters of a workload in PyTorch's order. */
export function parameters({ cell, bidirectional, layers, I, H, V, embedding }: Workload): Shape[] {
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
 * Floating-point operations of a workload's matmuls only, 2 m n k each. With gradients each matmul counts three times:
 * forward, gradient of its input, gradient of its weight. A one-hot input gathers rows and counts as zero.
 */
export function flops(workload: Workload): number {
  const weights = parameters(workload).filter(({ name, shape }) => {
    const isGathered = workload.V && !workload.embedding ? name === "rnn.weight_ih_l0" : name === "embedding.weight";
    return shape.length === 2 && !isGathered;
  });
  const elements = weights.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
  return 2 * workload.T * workload.B * elements * (workload.task === "train" || workload.task === "gradients" ? 3 : 1);
}

/**
 * Bytes of weights to read again because a step depends on the previous one: all weights of a stream, and the recurrent
 * weights at every step of an inference workload. Training and gradients are bound by operations, so they count as
 * zero.
 */
export function weightBytes(workload: Workload): number {
  const { id, task, cell, layers, I, H, T } = workload, G = GATES[cell];
  if (task === "stream") return 4 * layers * G * H * (I + H);
  return id.startsWith("W5") ? 4 * T * G * H * H : 0;
}
