/**
 * Speed-up of several threads over one. Both sessions do the same work in turns, measured in wall-clock time. The
 * figures are valid on a quiet machine with a core for each thread.
 *
 *     deno task bench:threads [--threads 2] [--seconds 10] [--rows W1,LSTM]
 */
import { parseArgs } from "node:util";
import {
  clipNorm,
  compile,
  type CompileOptions,
  crossEntropy,
  dense,
  embedding,
  type Layer,
  lstm,
  recurrent,
  sequential,
  type Session,
  sgd,
} from "@unroll/rnn";
import { charRnn, tokenBatch, TRAINING } from "./char_rnn.ts";

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "10" },
    rows: { type: "string", default: "" },
  },
});
const threads = Number(values.threads), milliseconds = 1000 * Number(values.seconds);
/** Minimum number of pairs of samples of a row. */
const MIN_PAIRS = 7;

interface Row {
  readonly net: Layer;
  readonly options: CompileOptions;
  /** The call to measure. */
  run(session: Session): void;
}

function training(net: Layer, batch: number, steps: number, V: number, options: Partial<CompileOptions>): Row {
  const data = tokenBatch(batch, steps, V);
  return { net, options: { batch, steps, ...options }, run: (session) => session.step(data) };
}

function wordModel(H: number): Row {
  const rnn = recurrent(lstm(), { input: 256, hidden: H, layers: 2 });
  const net = sequential({ embedding: embedding(10_000, 256), rnn, output: dense(H, 10_000) });
  const options = { loss: crossEntropy(), clip: clipNorm(5), optimizer: sgd({ learningRate: 0.1 }) };
  return training(net, 20, 35, 10_000, options);
}

function wide(train: boolean): Row {
  const net = recurrent(lstm(), { input: 512, hidden: 512 });
  const batch = 64;
  const steps = 50;
  const x = Float32Array.from({ length: steps * batch * 512 }, (_, i) => i % 17 / 17 - 0.5);
  const run = (session: Session) => {
    session.forward(x);
    if (train) session.backward(x);
  };
  return { net, options: { batch, steps, train }, run };
}

const ROWS: Record<string, Row> = {
  "W1 char-rnn, training step": training(charRnn(), 50, 50, 65, TRAINING),
  "W2 word model, H = 256, training step": wordModel(256),
  "W2 word model, H = 512, training step": wordModel(512),
  "LSTM 512, forward": wide(false),
  "LSTM 512, forward + backward": wide(true),
};

console.log(`best ms of one thread and of ${threads} threads; ratio: of the best, median of pairs, highest of pairs`);
for (const [name, { net, options, run }] of Object.entries(ROWS)) {
  if (!values.rows.split(",").some((part) => name.startsWith(part))) continue;
  using one = await compile(net, options);
  using many = await compile(net, { ...options, threads });
  const times: [number, number][] = [];
  const end = performance.now() + milliseconds;
  while (times.length < MIN_PAIRS || performance.now() < end) times.push([time(() => run(one)), time(() => run(many))]);
  const best = [0, 1].map((i) => Math.min(...times.slice(1).map((pair) => pair[i])));
  const ratios = times.slice(1).map(([a, b]) => a / b).toSorted((a, b) => a - b);
  const figures = [best[0] / best[1], ratios[ratios.length >> 1], ratios[ratios.length - 1]];
  const shown = [...best.map((ms) => ms.toFixed(1)), ...figures.map((ratio) => ratio.toFixed(2))];
  console.log(`${name.padEnd(40)} ${shown.map((figure) => figure.padStart(8)).join("")}   (${ratios.length} pairs)`);
}

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
