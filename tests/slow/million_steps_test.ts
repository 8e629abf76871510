/** A sequence of a million steps through 2 x 128 units, in the memory that the issue of long sequences allows. */
import { assert } from "@std/assert";
import { lstm } from "../../mod.ts";
import { SequenceClassifier, SequenceTagger } from "../../models.ts";
import { memoriesOf } from "../support/memories.ts";

const STEPS = 1_000_000;
const SIZES = { tokens: 7, cell: lstm(), hidden: [128, 128], seed: 1 } as const;
/** Bytes of all sessions of a call, and of the process beyond the caller's arrays. */
const SESSION = 16e6, PROCESS = 64e6;

for (const pooling of ["last", "mean", "max", "none"] as const) {
  Deno.test(`predict of ${STEPS} steps, ${pooling}`, async () => {
    using model = pooling === "none"
      ? await SequenceTagger.create({ ...SIZES, labels: [0, 1], bidirectional: false })
      : await SequenceClassifier.create({ ...SIZES, labels: [0, 1], pooling });
    const sequence = Int32Array.from({ length: STEPS }, (_, i) => (i * i) % 7);
    await model.predict([sequence.subarray(0, 2000)]); // Compiled code is none of the sequence's.
    const before = Deno.memoryUsage().rss;
    let most = before;
    const timer = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 20);
    const { bytes } = await memoriesOf<unknown>(() => model.predict([sequence]));
    clearInterval(timer);
    // A tagger's labels and outputs are the caller's: a value and two numbers for each step.
    const outputs = pooling === "none" ? STEPS * 16 : 0;
    assert(bytes <= SESSION, `sessions of ${bytes} bytes`);
    assert(most - before <= PROCESS + outputs, `the process grew by ${most - before} bytes`);
  });
}
