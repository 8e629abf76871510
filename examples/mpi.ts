/**
 * One program for one process and for many: a net classifies sequences by the sign of their sum. Alone, the program is
 * a world of one rank. Under `mpirun` each rank trains on its rows of every batch, with the same losses.
 *
 *     deno run --allow-ffi --allow-read --allow-write examples/mpi.ts
 *     mpirun -n 2 deno run --allow-ffi --allow-read --allow-write examples/mpi.ts [checkpoint]
 *
 * With the name of a file, the program saves a checkpoint after every epoch and resumes from an existing one, on any
 * number of ranks. The program needs an installed Open MPI or MPICH, without `mpirun` too.
 */
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  fit,
  Generator,
  gru,
  recurrent,
  sequential,
  type TrainerState,
} from "@unroll/rnn";
import { accuracy } from "@unroll/rnn/metrics";
import { saveFile } from "@unroll/rnn/files";
import { init } from "@unroll/rnn/mpi";

const BATCH = 32;
const STEPS = 20;
const [file] = Deno.args;
using world = init();

// All ranks have the same data. Each rank takes its own rows of each batch.
const random = new Generator(1);
const number = () => random.uniform() * 2 - 1;
const x = Array.from({ length: 1200 }, () => Array.from({ length: 1 + random.integer(STEPS) }, number));
const y = x.map((sequence) => sequence.reduce((a, b) => a + b) > 0 ? 1 : 0);
const data = { x: x.slice(0, 1000), y: y.slice(0, 1000) };
const heldOut = { x: x.slice(1000), y: y.slice(1000) };

const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 16, output: "last" }), decoder: dense(16, 2) });
const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 6e-3 }), clip: clipNorm(1), seed: 1 };
using session = await compile(net, { batch: Math.ceil(BATCH / world.size), steps: STEPS, ...learning });

// Only rank 0 needs the checkpoint on its disk.
const checkpoint = file === undefined ? new Uint8Array() : world.broadcast(await read(file));
const state = checkpoint.length ? session.restore(checkpoint).extra as TrainerState : undefined;
const training = fit(session, data, {
  batch: BATCH,
  epochs: 6,
  evaluate: { data: heldOut },
  metrics: { accuracy: accuracy() },
  restoreBest: false,
  resume: state && { state },
  world,
});
for await (const event of training) {
  if (world.rank > 0) continue;
  if (event.type === "evaluation") {
    console.log(
      `step ${event.step}: loss ${event.loss.toFixed(4)}, ${(100 * event.metrics.accuracy).toFixed(1)} % right`,
    );
  }
  if (event.type === "epoch" && file !== undefined) {
    await saveFile(file, session.checkpoint({ extra: training.state }));
  }
}
if (world.rank === 0) console.log(`${world.size} rank${world.size > 1 ? "s" : ""}, ${world.library}`);

/** The content of the file on rank 0; empty when there is no file, and on other ranks. */
async function read(file: string): Promise<Uint8Array> {
  return world.rank === 0 ? await Deno.readFile(file).catch(() => new Uint8Array()) : new Uint8Array();
}
