/**
 * Why gates: how far back in time a gradient reaches. In the adding problem (Hochreiter & Schmidhuber 1997) two numbers
 * of a long sequence are marked and the target is their sum at the end, so the gradient has to reach the marks. Elman
 * nets, GRU and LSTM train with and without clipping. The terminal, and with --report a page, show the norm of the
 * gradient at each time step.
 *
 *     deno run -A examples/gradient_flow.ts
 *     deno run -A examples/gradient_flow.ts --steps 50 --seconds 160 --report flow.html
 *
 * Results of the second command with clipping: mean squared error, and the ratio of the gradient at the first step to
 * the gradient at the last. Elman: 0.0876, 2e-13; Elman with weights twice as large, which explode: 0.1646, norms up to
 * 3,100; GRU: 0.0001, 2e-1; LSTM: 0.0003, 1e-1 (20 s a net; EPYC Milan, two cores shared with two other programs,
 * 2026-11-27).
 */
import {
  adam,
  clipNorm,
  compile,
  dense,
  elman,
  fit,
  Generator,
  gru,
  lstm,
  orthogonal,
  recurrent,
  sequential,
  squaredError,
} from "@unroll/rnn";
import type { TrainingReport } from "@unroll/rnn/report";
import { addingProblem } from "./adding_problem.ts";
import { commandLine } from "./frame/command_line.ts";
import { importLater } from "./frame/packages.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Shows gradients vanish and explode.", {
  seconds: 240,
  steps: 100,
  hidden: 32,
  batch: 32,
  report: "",
});
const { steps: T, hidden: H, batch } = options;

const NETS = {
  "Elman": { cell: elman() },
  // Each step back doubles the gradient, except where a tanh is saturated.
  "Elman x2": { cell: elman(), initial: { weight_hh: orthogonal({ gain: 2 }) } },
  "GRU": { cell: gru() },
  "LSTM": { cell: lstm() },
};
const CLIP = clipNorm(1);
const seconds = options.seconds / (2 * Object.keys(NETS).length);

/**
 * Plots norms by time step in 60 columns or less. A full block is the largest norm; each eighth less is a factor of 10.
 */
function plot(norms: Float32Array): string {
  const columns = Math.min(60, norms.length);
  const largest = Math.max(...norms);
  return Array.from({ length: columns }, (_, column) => {
    const norm = norms[Math.round(column * (norms.length - 1) / Math.max(1, columns - 1))];
    const eighths = 8 + Math.floor(Math.log10(norm / largest));
    return " ▁▂▃▄▅▆▇█"[Math.max(0, Math.min(8, eighths))];
  }).join("");
}

/** The same batches for every net. */
function* batches() {
  const random = new Generator(1, 1);
  while (true) yield addingProblem(random, T, batch);
}

const configuration = { task: `adding problem, ${T} steps`, hidden: H, batch, optimizer: "Adam, learning rate 0.005" };
/** The page, if there is to be one. */
async function openReport(): Promise<TrainingReport> {
  const { TrainingReport } = await importLater<typeof import("@unroll/rnn/report")>("@unroll/rnn/report");
  return new TrainingReport({
    title: "How far back the gradient reaches",
    configuration,
    clip: (run) => run.endsWith("clipped") ? CLIP : undefined,
  });
}

const report = options.report ? await openReport() : undefined;
const test = addingProblem(new Generator(1000), T, 500);
const table: string[] = [];
console.log(`from the first of ${T} time steps to the last; each eighth of a block less is a factor of 10\n`);
for (const [name, { cell, ...initial }] of Object.entries(NETS)) {
  for (const clip of [undefined, CLIP]) {
    const net = sequential({
      rnn: recurrent(cell, { input: 2, hidden: H, output: "last", ...initial }),
      output: dense(H, 1),
    });
    const learning = { loss: squaredError(), optimizer: adam({ learningRate: 0.005 }), clip, skipNonFinite: true };
    using session = await compile(net, { batch: 500, steps: T, ...learning, gradientFlow: true, seed: 1 });
    const data = batches();
    const label = clip ? `${name}, clipped` : name;
    let largest = 0;
    const evaluate = { data: () => [test], every: 100 };
    const statistics = { every: 20, gradientFlow: true };
    const training = fit(session, () => data, { seconds, statistics, evaluate, restoreBest: false });
    for await (const event of progress(training, { label, seconds })) {
      report?.add(event, label);
      if (event.type !== "step") continue;
      largest = Math.max(largest, event.gradientNorm);
      if (event.step === 1) note(`${plot(session.gradientFlow().get("rnn.l0")!)}|  at the start`);
    }
    const norms = session.gradientFlow().get("rnn.l0")!;
    const { loss } = session.evaluate(test, { batch: 500 });
    console.log(`${plot(norms)}|  at the end\n`);
    const figures = [loss.toFixed(4), (norms[0] / norms[T - 1]).toExponential(0), largest.toPrecision(2)];
    table.push(label.padEnd(20) + figures.map((figure) => figure.padStart(10)).join(""));
  }
}
console.log(`                     error      first/last  largest norm\n${table.join("\n")}`);
console.log("error: mean squared error of 500 new sequences; the best constant answer has 0.1667");
if (report) await Deno.writeTextFile(options.report, report.html());
