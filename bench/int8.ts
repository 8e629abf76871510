/**
 * int8 weights against f32 of the fast build, in turns: a step of a stream, a whole sequence, and batches of rows. A
 * ratio is the median of those of the rounds; times are the best. `plain` is int8 without relaxed SIMD.
 *
 *     deno task bench:int8 [--rounds 31] [--rows "W4,B 32"]
 */
import os from "node:os";
import { parseArgs } from "node:util";
import { type Cell, compile, gru, lstm, type Numerics, recurrent } from "@unroll/rnn";
import { load } from "@unroll/rnn/inference";
import { int8, quantize } from "@unroll/rnn/int8";
import { moduleBytes } from "../src/kernels/builds.ts";
import embedded from "../src/kernels/generated/int8.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "31" }, rows: { type: "string", default: "" } },
});
const rounds = Number(values.rounds);
/** Least milliseconds of a sample. */
const SAMPLE_MS = 5;
const plain = { ...int8, module: (shared: boolean) => WebAssembly.compile(moduleBytes(embedded, false, shared)) };

interface Row {
  readonly cell: () => Cell;
  readonly H: number;
  readonly layers: number;
  readonly B: number;
  /** 0: steps of a stream. */
  readonly T: number;
}

const stream = (H: number, B = 1, cell = lstm): Row => ({ cell, H, layers: 2, B, T: 0 });
const ROWS: Record<string, Row> = {
  "W4 stream, 2 x LSTM 128": stream(128),
  "W4 stream, 2 x LSTM 256": stream(256),
  "W4 stream, 2 x LSTM 512": stream(512),
  "stream, 2 x GRU 128": stream(128, 1, gru),
  "stream, 2 x LSTM 128, B 2": stream(128, 2),
  "stream, 2 x LSTM 128, B 4": stream(128, 4),
  "stream, 2 x LSTM 128, B 8": stream(128, 8),
  "stream, 2 x LSTM 128, B 32": stream(128, 32),
  "W5 LSTM 256, B 1, T 1000": { cell: lstm, H: 256, layers: 1, B: 1, T: 1000 },
  "W5 LSTM 256, B 32, T 100": { cell: lstm, H: 256, layers: 1, B: 32, T: 100 },
};

console.log(`${os.cpus()[0].model.trim()}; Deno ${Deno.version.deno}; ${new Date().toISOString().slice(0, 10)}`);
console.log(`${"".padEnd(28)}   f32 us  int8 us plain us    int8   plain`);
for (const [name, row] of Object.entries(ROWS)) {
  if (!values.rows.split(",").some((part) => name.includes(part))) continue;
  const ways = await prepare(row);
  const calls = Math.max(1, Math.round(SAMPLE_MS / time(ways[0], 1)));
  const times: number[][] = [];
  for (let i = 0; i < rounds + 3; i++) times.push(ways.map((run) => time(run, calls)));
  const counted = times.slice(3); // The first ones warm up.
  const best = ways.map((_, way) => 1000 * Math.min(...counted.map((round) => round[way])));
  const ratios = [1, 2].map((way) => counted.map((round) => round[0] / round[way]).toSorted((a, b) => a - b));
  const shown = [...best.map((us) => us.toFixed(1)), ...ratios.map((all) => all[all.length >> 1].toFixed(2))];
  console.log(`${name.padEnd(28)} ${shown.map((figure) => figure.padStart(8)).join("")}`);
}

/** The call of f32, of int8, and of int8 without relaxed SIMD. */
async function prepare({ cell, H, layers, B, T }: Row): Promise<(() => void)[]> {
  const net = recurrent(cell(), { input: H, hidden: H, layers }), sizes = { batch: B, steps: Math.max(1, T) };
  using session = await compile(net, { batch: 1, steps: 1 });
  const floats = session.parameters(), small = quantize(net, floats);
  const x = Float32Array.from({ length: sizes.steps * B * H }, (_, i) => i % 17 / 17 - 0.5);
  const ways: [typeof net, Parameters<typeof load>[1], Numerics][] = [
    [net, floats, "fast"],
    [small.net, small.parameters, int8],
    [small.net, small.parameters, plain],
  ];
  return await Promise.all(ways.map(async ([net, parameters, numerics]) => {
    const loaded = await load(net, parameters, { ...sizes, numerics }), y = new Float32Array(B * H);
    if (T) return () => void loaded.forward(x);
    const running = loaded.stream({ batch: B });
    return () => void running.step(x, y);
  }));
}

/** Milliseconds of a call. */
function time(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return (performance.now() - start) / calls;
}
