/**
 * The cells of entry ./cells beside lstm and gru, on two tasks, with three seeds: at equal arithmetic (about as many
 * multiply-adds and as many steps of training for each cell) and at equal time. Prints the table of docs/cells.md.
 *
 *     deno run bench/cells.ts             # four minutes of one core
 *     deno run bench/cells.ts --seconds 1 --steps 100
 */
import * as cells from "@unroll/rnn/cells";
import { adam, type Cell, clipNorm, compile, crossEntropy, dense, Generator } from "@unroll/rnn";
import { processorTime } from "./clock.ts";
import { gru, lstm, oneHot, recurrent, sequential, type Session } from "@unroll/rnn";

const CELLS: Record<string, () => Cell> = {
  lstm: () => lstm(),
  gru: () => gru(),
  minimalGatedUnit: cells.minimalGatedUnit,
  layerNormLstm: cells.layerNormLstm,
  layerNormGru: cells.layerNormGru,
  indRnn: cells.indRnn,
  sru: cells.sru,
  minGru: cells.minGru,
  minLstm: cells.minLstm,
  sLstm: cells.sLstm,
  zoneoutLstm: () => cells.zoneoutLstm(),
};

const B = 32, T = 12, SYMBOLS = 6, SEEDS = [1, 2, 3];

/** The multiply-adds of a row and step that each cell may have. */
const ARITHMETIC = 12_000;

/** Sequences `[T, B]` of symbols with the class of each row: the first symbol; the sum of all, modulo the symbols. */
const TASKS: Record<string, (row: readonly number[]) => number> = {
  "first symbol": ([first]) => first,
  "most frequent": (row) => {
    const counts = Array.from({ length: SYMBOLS }, (_, s) => row.filter((x) => x === s).length);
    return counts.indexOf(Math.max(...counts));
  },
};

/** The largest hidden size at which the weights of a cell have at most `ARITHMETIC` elements. */
function hiddenSize(cell: Cell): number {
  const elements = (H: number) =>
    Object.values(cell.parameters(SYMBOLS, H)).reduce(
      (sum, { shape }) => sum + (shape.length > 1 ? shape.reduce((a, b) => a * b) : 0),
      0,
    );
  let H = 4;
  while (elements(H + 4) <= ARITHMETIC) H += 4;
  return Math.min(H, 256);
}

function draw(random: Generator, task: (row: readonly number[]) => number): { x: Int32Array; y: Int32Array } {
  const x = Int32Array.from({ length: T * B }, () => random.integer(SYMBOLS));
  return { x, y: Int32Array.from({ length: B }, (_, b) => task(Array.from({ length: T }, (_, t) => x[t * B + b]))) };
}

/** Percent of new sequences that are right. */
function accuracy(session: Session, random: Generator, task: (row: readonly number[]) => number): number {
  let right = 0;
  for (let round = 0; round < 20; round++) {
    const { x, y } = draw(random, task), logits = session.forward(x);
    for (let b = 0; b < B; b++) {
      const row = logits.subarray(b * SYMBOLS, (b + 1) * SYMBOLS);
      if (row.indexOf(Math.max(...row)) === y[b]) right++;
    }
  }
  return 100 * right / (20 * B);
}

/** Trains a cell for so many steps, or for so many milliseconds of processor time. */
async function train(
  make: () => Cell,
  task: typeof TASKS[string],
  seed: number,
  goOn: (step: number, ms: number) => boolean,
) {
  const cell = make(), hidden = hiddenSize(cell), random = new Generator(seed);
  const rnn = recurrent(cell, { input: SYMBOLS, hidden, output: "last" });
  const net = sequential({ input: oneHot(SYMBOLS), rnn, output: dense(hidden, SYMBOLS) });
  const options = { batch: B, steps: T, loss: crossEntropy(), clip: clipNorm(1), seed };
  using session = await compile(net, { ...options, optimizer: adam({ learningRate: 0.004 }) });
  let step = 0, ms = 0;
  for (; goOn(step, ms); step++) {
    const data = draw(random, task), start = processorTime();
    session.step(data);
    ms += processorTime() - start;
  }
  return { hidden, step, ms, accuracy: accuracy(session, new Generator(seed + 100), task) };
}

const option = (name: string, preset: number) => Number(Deno.args[Deno.args.indexOf(`--${name}`) + 1] || preset);
const steps = Deno.args.includes("--steps") ? option("steps", 0) : 300;
const seconds = Deno.args.includes("--seconds") ? option("seconds", 0) : 1;
const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const three = (numbers: number[]) => numbers.map((x) => x.toFixed(0)).join(" ");

console.log(
  `| cell | H | ms a step | ${
    Object.keys(TASKS).map((task) => `${task}, ${steps} steps | in ${seconds} s`).join(" | ")
  } |`,
);
console.log(`| --- | --- | --- | ${Object.keys(TASKS).map(() => "--- | ---").join(" | ")} |`);
for (const [name, make] of Object.entries(CELLS)) {
  const columns: string[] = [], times: number[] = [];
  let H = 0;
  for (const task of Object.values(TASKS)) {
    const arithmetic: number[] = [], time: number[] = [];
    for (const seed of SEEDS) {
      const one = await train(make, task, seed, (step) => step < steps);
      H = one.hidden, times.push(one.ms / one.step), arithmetic.push(one.accuracy);
      time.push((await train(make, task, seed, (_, ms) => ms < 1000 * seconds)).accuracy);
    }
    columns.push(three(arithmetic), three(time));
  }
  console.log(`| \`${name}\` | ${H} | ${median(times).toFixed(2)} | ${columns.join(" | ")} |`);
}
