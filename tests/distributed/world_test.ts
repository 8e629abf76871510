/** `fit` with a World other than that of MPI. Needs no MPI. */
import { assert, assertEquals } from "@std/assert";
import { type Result, train } from "../support/distributed/carried_training.ts";
import type { Job } from "../support/distributed/worker_rank.ts";
import { sharedMemory } from "../support/distributed/worker_world.ts";

/** Train on workers, one a rank. */
async function trainOnWorkers(size: number, B: number): Promise<Result[]> {
  const memory = sharedMemory(size);
  const workers = Array.from({ length: size }, () => {
    return new Worker(new URL("../support/distributed/worker_rank.ts", import.meta.url), { type: "module" });
  });
  try {
    return await Promise.all(workers.map((worker, rank) => {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage({ rank, size, B, memory } satisfies Job);
      return promise;
    }));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  assertEquals(a.length, b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

for (const [B, name] of [[5, "uneven shards"], [1, "a rank without rows"]] as const) {
  Deno.test(`a World of 2 workers trains as one process does: ${name}`, async () => {
    const one = await train(B);
    const ranks = await trainOnWorkers(2, B);
    assertEquals(ranks[1], ranks[0]);
    assert(one.losses[0] !== one.losses[1]);
    assertEquals(one.states.length, 2);
    assert(largestDifference(one.losses, ranks[0].losses) < 1e-5);
    assert(largestDifference(one.evaluations, ranks[0].evaluations) < 1e-5);
    one.states.forEach((state, i) => assert(largestDifference(state, ranks[0].states[i]) < 1e-5, `state ${i}`));
  });
}
