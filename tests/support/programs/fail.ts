/** A training with a fault on rank 1: `fail.ts <fault> [file]`. With a file, rank 0 saves it after every update. */
import { adam, type Batch, fit, sgd } from "@unroll/rnn";
import { saveFile } from "@unroll/rnn/files";
import { init } from "@unroll/rnn/mpi";
import { classifier, samples } from "../distributed/small_training.ts";

const [chosenFault, file] = Deno.args;
using world = init();
/** Whether this rank has the fault. */
const hasFault = (fault: string) => world.rank === 1 && chosenFault === fault;
using session = await classifier(
  hasFault("optimizer") ? { optimizer: sgd() } : { optimizer: adam({ learningRate: 0.02 }) },
);

function* batches(): Iterable<Batch> {
  for (let i = 0; i < 8; i++) {
    if (hasFault("fewer batches") && i === 5) return;
    if (hasFault("broken data") && i === 5) throw new Error("the disk is gone");
    const x = new Float32Array(24).fill(hasFault("other data") && i === 5 ? 1 : 0.5);
    if (hasFault("not finite") && i === 5) x.fill(NaN);
    yield { x, y: [0, 1, 0, 1, 0, 1], batch: 6 };
  }
}
const training = fit(session, chosenFault === "samples" ? samples(33) : batches, {
  epochs: hasFault("options") ? 999 : 1000,
  world,
  signal: hasFault("abort") ? AbortSignal.timeout(100) : undefined,
});
for await (const event of training) {
  if (event.type !== "step") continue;
  if (world.rank === 0 && file) await saveFile(file, session.checkpoint({ extra: training.state }));
  if (event.step === 5) {
    if (hasFault("throw")) throw new Error("a bug in the loop");
    if (hasFault("break")) break;
    if (hasFault("exit")) Deno.exit(0);
    if (hasFault("other parameters")) {
      const parameters = Array.from(session.parameters(), ([name, { shape, data }]) => {
        return [name, { shape, data: data.map((v) => v + 1) }] as const;
      });
      session.setParameters(new Map(parameters));
    }
  }
}
console.log("done");
