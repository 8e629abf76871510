/**
 * The worker that compares how far back the three cells learn, the lecture notes' vanishing gradients. Three nets of
 * one layer train side by side on the same text. Between training steps, a backward pass of the loss of the last time
 * step alone measures the norm of the gradient at each time step.
 */
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  elman,
  forgetBias,
  gru,
  lstm,
  oneHot,
  recurrent,
  sequential,
  type Session,
  type Streams,
  streams,
  Vocabulary,
  zeros,
} from "@unroll/rnn";
import { expose } from "comlink";
import { CELL_NAMES, type CellName } from "./cells.ts";
import { withErrorMessage } from "./error_message.ts";

/** A measurement of a net. */
export interface Flow {
  readonly cell: CellName;
  /** Training steps before the measurement. */
  readonly step: number;
  /** Norms of the gradient of the last step's loss by time step, `[T]`. */
  readonly norms: Float32Array;
}

export interface FlowOptions {
  /** Time steps T of the backward pass. */
  readonly steps: number;
  readonly hidden: number;
  /** Initial bias of the LSTM's forget gate. */
  readonly forgetBias: number;
}

const CELLS = { elman, gru, lstm };
const BATCH = 16;
const IGNORED = -1;
/** Training steps between two measurements, at most. The interval grows from one step. */
const INTERVAL = 10;

/** A comparison that is left running ends after so many steps of training, or after so many milliseconds. */
const LAST_STEP = 2000;
const LONGEST = 120_000;

const comparison = {
  /** Trains and measures; returns the number of steps. The page terminates the worker to end a comparison early. */
  async start(text: string, options: FlowOptions, onFlow: (flow: Flow) => void): Promise<number> {
    return await withErrorMessage(() => compare(text, options, onFlow));
  },
};

export type Comparison = typeof comparison;

async function compare(text: string, options: FlowOptions, onFlow: (flow: Flow) => void): Promise<number> {
  const { steps: T } = options;
  const vocabulary = Vocabulary.characters(text);
  const tokens = vocabulary.encode(text);
  if (tokens.length < (T + 1) * BATCH) {
    throw new Error(`The text is too short: the comparison needs ${(T + 1) * BATCH} characters.`);
  }
  const nets = await Promise.all(CELL_NAMES.map((cell) => makeNet(cell, vocabulary.size, options)));
  try {
    const windows = streams(tokens, { batch: BATCH, unroll: T });
    // Without the last window, which is shorter.
    const count = Math.max(1, Math.floor(windows.length / T));
    const end = performance.now() + LONGEST;
    let step = 0;
    while (true) {
      CELL_NAMES.forEach((cell, i) => onFlow({ cell, step, norms: measure(nets[i], windows, step % count, T) }));
      if (step >= LAST_STEP || performance.now() > end) return step;
      const rounds = Math.min(1 + step, INTERVAL, LAST_STEP - step);
      for (let round = 0; round < rounds; round++, step++) {
        for (const net of nets) {
          const { x, y } = windows.at(step % count);
          net.step({ x, y }, { batch: BATCH });
        }
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  } finally {
    for (const net of nets) net.dispose();
  }
}

function makeNet(cell: CellName, V: number, { steps: T, hidden, forgetBias: f }: FlowOptions): Promise<Session> {
  const initial = cell === "lstm" ? { bias_ih: forgetBias(f), bias_hh: zeros() } : undefined;
  const net = sequential({
    input: oneHot(V),
    rnn: recurrent(CELLS[cell](), { input: V, hidden, initial }),
    decoder: dense(hidden, V),
  });
  const loss = crossEntropy({ ignoreIndex: IGNORED });
  const optimizer = adam({ learningRate: 2e-3 });
  return compile(net, { batch: BATCH, steps: T, loss, optimizer, clip: clipNorm(5), seed: 1, gradientFlow: true });
}

/** Measures the gradient of the last time step's loss, without an update. */
function measure(net: Session, windows: Streams, index: number, T: number): Float32Array {
  const { x, y } = windows.at(index);
  const last = y.slice().fill(IGNORED, 0, (T - 1) * BATCH);
  net.accumulate({ x, y: last }, { batch: BATCH });
  const [norms] = net.gradientFlow().values();
  net.discard();
  return norms;
}

expose(comparison);
