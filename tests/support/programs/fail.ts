/** Trainings in which something goes wrong on rank 1: `fail.ts <what> [file]`; rank 0 saves after every update. */
import { adam, type Batch, fit, sgd } from "@unroll/rnn";
import { saveFile } from "@unroll/rnn/files";
import { init } from "@unroll/rnn/mpi";
import { classifier, samples } from "../distributed/small_training.ts";

const [what, file] = Deno.args;
using world = init();
const isFaulty = world.rank === 1, is = (fault: string) => isFaulty && what === fault;
using session = await classifier(is("optimizer") ? { optimizer: sgd() } : { optimizer: adam({ learningRate: 0.02 }) });

function* batches(): Iterable<Batch> {
  for (let i = 0; i < 8; i++) {
    if (is("fewer batches") && i === 5) return;
    if (is("broken data") && i === 5) throw new Error("the disk is gone");
    const x = new Float32Array(24).fill(is("other data") && i === 5 ? 1 : 0.5);
    if (is("not finite") && i === 5) x.fill(NaN);
    yield { x, y: [0, 1, 0, 1, 0, 1], batch: 6 };
  }
}
const training = fit(session, what === "samples" ? samples(33) : batches, {
  epochs: is("options") ? 999 : 1000,
  world,
  signal: is("abort") ? AbortSignal.timeout(100) : undefined,
});
for await (const event of training) {
  if (event.type !== "step") continue;
  if (world.rank === 0 && file) await saveFile(file, session.checkpoint({ extra: training.state }));
  if (event.step === 5) {
    if (is("throw")) throw new Error("a mistake in the loop");
    if (is("break")) break;
    if (is("exit")) Deno.exit(0);
    if (is("other parameters")) {
      session.setParameters(
        new Map(
          [...session.parameters()].map(([name, { shape, data }]) => [name, { shape, data: data.map((v) => v + 1) }]),
        ),
      );
    }
  }
}
console.log("done");
