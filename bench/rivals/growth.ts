/**
 * Time and memory by length of a sequence: training steps of a 2 x 128 LSTM on 65 characters, whole, and with
 * recomputation in segments of about sqrt(T). Writes its section of ../RESULTS.md and ../growth.svg.
 *
 *     deno task bench:growth [--rounds 5]
 */
import { parseArgs } from "node:util";
import { compile, type Session } from "@unroll/rnn";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { charRnn, H, tokenBatch, TRAINING, V } from "../char_rnn.ts";
import { processorTime } from "../clock.ts";
import { median } from "../measure.ts";
import { circumstances, table, writeFormatted, writeSection } from "./report.ts";

const LENGTHS = [50, 100, 200, 500, 1000, 2000, 5000];
const B = 8;
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);

const WIDTH = 420, HEIGHT = 320;

/** A curve. Its name stands at its last point. */
interface Line {
  readonly name: string;
  readonly points: readonly { x: number; y: number }[];
}

/** One diagram. Its y axis starts at zero or is logarithmic. */
interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly logarithmic: boolean;
}

/** A session for sequences of T steps with its samples. */
interface Run {
  readonly T: number;
  /** Maximum number of steps in memory at a time. */
  readonly steps: number;
  readonly session: Session;
  /** Microseconds of a training step divided by its number of characters, one for each sample. */
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

Training steps of a 2 x ${H} LSTM on ${V} characters, batch ${B}, by length T of the sequence. Time is the processor
time of a training step divided by its ${B} T characters: median of ${rounds}, the lengths in turns. Memory is that of
the session: parameters, moments and activations. With recomputation it includes the states at the start of each
segment.

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
  const session = await compile(charRnn(), { batch: B, steps, recompute: steps < T, ...TRAINING });
  return { T, steps, session, times: [] };
}

function sample({ T, session }: Run): number {
  const data = tokenBatch(B, T);
  const start = processorTime();
  session.step(data);
  return (processorTime() - start) * 1000 / (T * B);
}

/** Memory of a session in MB, with the states of each segment. */
function megabytes({ T, steps, session }: Run): number {
  const states = Object.values(session.states()).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return (session.bytes + (steps < T ? Math.ceil(T / steps) * states : 0)) / 1e6;
}

/** Draw diagrams side by side over a logarithmic x axis, as an SVG file. */
function plot(panels: readonly Panel[]): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const diagrams = panels.map(({ title, lines, logarithmic }, i) => {
    const points = lines.flatMap(({ name, points }) => points.map((point) => ({ ...point, name })));
    const svg = Plot.plot({
      document: document as unknown as Document,
      width: WIDTH,
      height: HEIGHT,
      marginRight: 90,
      grid: true,
      x: { type: "log", label: "time steps T", ticks: lines[0].points.map(({ x }) => x), tickFormat: String },
      y: logarithmic ? { type: "log", label: title, tickFormat: String } : { zero: true, label: title },
      marks: [
        Plot.line(points, { x: "x", y: "y", stroke: "name", marker: "dot" }),
        Plot.text(points, Plot.selectLast({ x: "x", y: "y", z: "name", text: "name", textAnchor: "start", dx: 6 })),
      ],
    });
    svg.setAttribute("x", String(i * WIDTH));
    return svg.outerHTML;
  });
  const size = `width="${panels.length * WIDTH}" height="${HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect ${size} fill="white" />${diagrams.join("")}</svg>\n`;
}
