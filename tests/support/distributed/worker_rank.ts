/** One rank of `WorkerWorld`: a worker that gets a `Job`, trains, and posts the `Result`. */
import { train } from "./carried_training.ts";
import { type WorkerRank, WorkerWorld } from "./worker_world.ts";

/** A training on one rank. */
export interface Job extends WorkerRank {
  /** The rows of a batch, of all ranks together. */
  readonly B: number;
}

addEventListener("message", async ({ data }: MessageEvent<Job>) => {
  self.postMessage(await train(data.B, new WorkerWorld(data)));
});
