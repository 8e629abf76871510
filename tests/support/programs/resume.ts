/**
 * Goes on with trainings from checkpoints in a process of its own, `resume.ts <optimizer> <file> ...`: prints for each
 * file the losses of the remaining steps and, at the end, a checkpoint in hexadecimal digits.
 */
import { OPTIMIZERS, start, STEPS, train } from "../trainer/resumable.ts";

const [optimizer, ...files] = Deno.args;
for (const file of files) {
  using session = await start(OPTIMIZERS[optimizer]);
  const { step } = session.restore(Deno.readFileSync(file)).extra as { step: number };
  const losses = train(session, step, STEPS);
  console.log(JSON.stringify({ losses, checkpoint: session.checkpoint({ extra: { step: STEPS } }).toHex() }));
}
