/** Many steps: what a session does not give back would show. */
import { assert, assertEquals } from "@std/assert";
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  embedding,
  Generator,
  lstm,
  recurrent,
  sequential,
} from "../../mod.ts";

const STEPS = 100_000, WARM_UP = 20_000, BATCH = 6, LONGEST = 9, V = 17;

Deno.test(`${STEPS} steps of changing batch and length: the process grows by less than 1 %`, async () => {
  const net = sequential({
    embedding: embedding(V, 8),
    rnn: recurrent(lstm(), { input: 8, hidden: 12, dropout: 0.1, layers: 2 }),
    decoder: dense(12, V),
  });
  const learning = { loss: crossEntropy(), optimizer: adam(), clip: clipNorm(1) };
  using session = await compile(net, { batch: BATCH, steps: LONGEST, ...learning });
  const { bytes } = session, random = new Generator(1);
  const tokens = (n: number) => Int32Array.from({ length: n }, () => random.integer(V));
  let before = 0;
  for (let step = 0; step < STEPS; step++) {
    const batch = 1 + random.integer(BATCH), T = 1 + random.integer(LONGEST);
    const lengths = Array.from({ length: batch }, () => 1 + random.integer(T));
    session.step({ x: tokens(T * batch), y: tokens(T * batch) }, { batch, lengths });
    if (step === WARM_UP) before = await resident();
  }
  assertEquals(session.bytes, bytes);
  const after = await resident();
  assert(after <= 1.01 * before, `the process has ${after} bytes, after ${WARM_UP} steps it had ${before}`);
});

/**
 * Bytes of the process, the least of several looks after garbage was collected (`--expose-gc`, as test:slow has it).
 */
async function resident(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    (globalThis as unknown as { gc(): void }).gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
    least = Math.min(least, Deno.memoryUsage().rss);
  }
  return least;
}
