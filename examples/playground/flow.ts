/**
 * The worker that compares how far back the three cells learn: nets of one layer, trained side by side on the same text.
 * Every now and then the loss of the last time step alone is propagated back, and the norm of its gradient measured at
 * each step before: the lecture notes' vanishing gradients.
 */
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  forgetBias,
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
import { sentence } from "./sentence.ts";
import { CELL_NAMES, type CellName } from "./cells.ts";
import { CELLS } from "./factories.ts";

/** Norms of the gradient of the last step's loss by time step, `[T]`, after so many steps of training. */
export interface Flow {
  readonly cell: CellName;
  readonly step: number;
  readonly norms: Float32Array;
}

export interface FlowOptions {
  /** Time steps T that the gradient goes back. */
  readonly steps: number;
  readonly hidden: number;
  /** First value of the bias of the LSTM's forget gate. */
  readonly forgetBias: number;
}

const BATCH = 16, IGNORED = -1;
/** Training steps between two measurements, at most: the first come one by one. */
const BETWEEN = 10;

let run = 0;

const comparison = {
  /** Train and measure until `stop`, or another start. */
  async start(text: string, options: FlowOptions, hear: (flow: Flow) => void): Promise<void> {
    const own = ++run, { steps: T } = options;
    try {
      const vocabulary = Vocabulary.characters(text), tokens = vocabulary.encode(text);
      if (tokens.length < (T + 1) * BATCH) {
        throw new Error(`The text is too short: the comparison needs ${(T + 1) * BATCH} characters.`);
      }
      const nets = await Promise.all(CELL_NAMES.map((cell) => makeNet(cell, vocabulary.size, options)));
      try {
        const windows = streams(tokens, { batch: BATCH, unroll: T });
        // The last window is shorter, so it is left out.
        const whole = Math.max(1, Math.floor(windows.length / T));
        for (let step = 0; own === run;) {
          CELL_NAMES.forEach((cell, i) => {
            const norms = measure(nets[i], windows, step % whole, T);
            hear({ cell, step, norms });
          });
          const rounds = Math.min(1 + step, BETWEEN);
          for (let round = 0; round < rounds && own === run; round++, step++) {
            for (const net of nets) {
              const { x, y } = windows.at(step % whole);
              net.step({ x, y }, { batch: BATCH });
            }
            await new Promise((resolve) => setTimeout(resolve));
          }
        }
      } finally {
        for (const net of nets) net[Symbol.dispose]();
      }
    } catch (error) {
      throw new Error(sentence(error));
    }
  },

  stop(): void {
    run++;
  },
};

export type Comparison = typeof comparison;

function makeNet(cell: CellName, V: number, { steps: T, hidden, forgetBias: f }: FlowOptions): Promise<Session> {
  const initial = cell === "lstm" ? { bias_ih: forgetBias(f), bias_hh: zeros() } : undefined;
  const net = sequential({
    input: oneHot(V),
    rnn: recurrent(CELLS[cell](), { input: V, hidden, initial }),
    decoder: dense(hidden, V),
  });
  const loss = crossEntropy({ ignoreIndex: IGNORED }), optimizer = adam({ learningRate: 2e-3 });
  return compile(net, { batch: BATCH, steps: T, loss, optimizer, clip: clipNorm(5), seed: 1, gradientFlow: true });
}

/** The loss of the last time step alone goes back; nothing is learned from it. */
function measure(net: Session, windows: Streams, index: number, T: number): Float32Array {
  const { x, y } = windows.at(index), last = y.slice().fill(IGNORED, 0, (T - 1) * BATCH);
  net.accumulate({ x, y: last }, { batch: BATCH });
  const [norms] = net.gradientFlow().values();
  net.discard();
  return norms;
}

expose(comparison);
