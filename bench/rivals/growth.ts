/**
 * How time and memory grow with the length of a sequence: training steps of a 2 x 128 LSTM on 65 characters, whole, and
 * with recomputation in segments of about sqrt(T). Writes its section of ../RESULTS.md and ../growth.svg.
 *
 *     deno task bench:growth [--rounds 5]
 */
import { parseArgs } from "node:util";
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  lstm,
  oneHot,
  recurrent,
  sequential,
  type Session,
} from "@unroll/rnn";
import { processorTime } from "../clock.ts";
import { type Line, plot } from "./plot.ts";
import { tokens } from "./numbers.ts";
import { median } from "./race.ts";
import { circumstances, table, writeFormatted, writeSection } from "./results_file.ts";
import { ROWS } from "./rows.ts";

const LENGTHS = [50, 100, 200, 500, 1000, 2000, 5000], B = 8, V = 65, H = 128;
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);

/** A session for sequences of T steps, and what it took. */
interface Run {
  readonly T: number;
  /** The most steps in memory at a time. */
  readonly steps: number;
  readonly session: Session;
  /** Microseconds of a step divided by its characters, a sample each. */
  readonly times: number[];
}

const whole = await Promise.all(LENGTHS.map((T) => prepare(T, T)));
const segments = await Promise.all(LENGTHS.map((T) => prepare(T, Math.ceil(Math.sqrt(T)))));
for (let round = -1; round < rounds; round++) {
  for (const run of [...whole, ...segments]) {
    const time = sample(run);
    if (round >= 0) run.times.push(time); // the first round warms up
  }
}

const figures = LENGTHS.map((T, i) => ({
  T,
  steps: segments[i].steps,
  time: { whole: median(whole[i].times), segments: median(segments[i].times) },
  memory: { whole: megabytes(whole[i]), segments: megabytes(segments[i]) },
}));
const lines = (of: "time" | "memory"): Line[] =>
  (["whole", "segments"] as const).map((way) => ({
    name: way === "whole" ? "whole" : "segments of √T",
    points: figures.map((row) => ({ x: row.T, y: row[of][way] })),
  }));
await writeFormatted(
  "../growth.svg",
  plot([
    { title: "microseconds a character", lines: lines("time"), logarithmic: false },
    { title: "megabytes", lines: lines("memory"), logarithmic: true },
  ]),
);
const section = `## Growth

${circumstances()}.

Training steps of a 2 x ${H} LSTM on ${V} characters, ${B} rows, by the length T of the sequence: processor time of a step
divided by its ${B} T characters (median of ${rounds}, the lengths in turns), and memory: the session's, which holds
parameters, moments and activations, and, with recomputation, the states kept at the start of each segment.

![Time and memory by length](growth.svg)

${
  table(
    ["T", "us a character", "MB", "segment", "us a character, recomputed", "MB, recomputed"],
    figures.map(({ T, steps, time, memory }) => [
      String(T),
      time.whole.toFixed(1),
      memory.whole.toFixed(1),
      String(steps),
      time.segments.toFixed(1),
      memory.segments.toFixed(1),
    ]),
  )
}

To reproduce: \`deno task bench:growth\`.`;
console.log(section);
await writeSection("growth", section);

async function prepare(T: number, steps: number): Promise<Run> {
  const net = sequential({
    input: oneHot(V),
    rnn: recurrent(lstm(), { input: V, hidden: H, layers: 2 }),
    output: dense(H, V),
  });
  const training = { loss: crossEntropy(), clip: clipNorm(5), optimizer: adam({ learningRate: 2e-3 }) };
  return { T, steps, session: await compile(net, { batch: B, steps, recompute: steps < T, ...training }), times: [] };
}

function sample({ T, session }: Run): number {
  const data = tokens({ ...ROWS[0], T, B, V }), start = processorTime();
  session.step(data);
  return (processorTime() - start) * 1000 / (T * B);
}

/** Memory of a session in MB; kept states are those after a call, one set a segment. */
function megabytes({ T, steps, session }: Run): number {
  const states = Object.values(session.states()).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return (session.bytes + (steps < T ? Math.ceil(T / steps) * states : 0)) / 1e6;
}
