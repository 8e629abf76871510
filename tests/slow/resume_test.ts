import { resumeElsewhere } from "../support/trainer/cut_training.ts";
import { OPTIMIZERS, STEPS } from "../support/trainer/resumable.ts";

for (const name of Object.keys(OPTIMIZERS)) {
  Deno.test(`${name}: a training cut at any step goes on bit for bit in a new process`, async () => {
    for (let cut = 0; cut < STEPS; cut++) await resumeElsewhere(name, [cut]);
  });
}
