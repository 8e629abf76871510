/** One rank of bench/mpi.ts: `mpi_rank.ts <seconds>`. Rank 0 prints the figures. */
import { type Batch, compile, fit, type World } from "@unroll/rnn";
import { init } from "@unroll/rnn/mpi";
import { B, charRnn, T, tokenBatch, TRAINING } from "./char_rnn.ts";
import { processorTime } from "./clock.ts";

/** Steps before the first measured one. */
const WARM_UP = 5;
const seconds = Number(Deno.args[0]);
using world = init();

using session = await compile(charRnn(), { batch: Math.ceil(B / world.size), steps: T, ...TRAINING });
const elements = [...session.parameters().values()].reduce((sum, { data }) => sum + data.length, 0);
const batch = { ...tokenBatch(), batch: B };

/** Milliseconds of MPI_Allreduce for n numbers, after a broadcast that synchronises the ranks: lowest decile of 30. */
function mpiAllreduceTime(n: number): number {
  const gradients = new Float32Array(n);
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    world.broadcast();
    const start = performance.now();
    world.sum(gradients);
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[3];
}

/** Of each step: its milliseconds, of these computing, of these `allReduce`. */
const measured: number[][] = [];
/** Milliseconds of the last `allReduce`: on the clock, and of processor time. */
let allReduceTime = 0, allReduceBusy = 0;
/** The world, with a clock at `allReduce`. That time minus the time of MPI_Allreduce is the waiting time of a step. */
const timed: World = {
  rank: world.rank,
  size: world.size,
  begin: (...args) => world.begin(...args),
  accumulate: (...args) => world.accumulate(...args),
  agree: (...args) => world.agree(...args),
  gather: (...args) => world.gather(...args),
  fail: (...args) => world.fail(...args),
  allReduce(...args) {
    const start = performance.now();
    const busy = processorTime();
    const isTimeUp = world.allReduce(...args);
    allReduceTime = performance.now() - start;
    allReduceBusy = processorTime() - busy;
    return isTimeUp;
  },
};
let last = performance.now(), lastBusy = processorTime();
let count = 0;
for await (const event of fit(session, () => repeated(batch), { seconds, world: timed })) {
  if (event.type !== "step") continue;
  const now = performance.now();
  const busy = processorTime();
  if (++count > WARM_UP) measured.push([now - last, busy - lastBusy - allReduceBusy, allReduceTime]);
  [last, lastBusy] = [performance.now(), processorTime()];
}
const lowestDecile = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 10)];
const [step, compute, waitAndSum] = [0, 1, 2].map((i) => lowestDecile(measured.map((times) => times[i])));
const sum = mpiAllreduceTime(elements);
const sums = [1e5, 1e6, 1e7].map((n) => `${(n / 1e6).toFixed(1)} M ${mpiAllreduceTime(n).toFixed(2)}`);
if (world.rank === 0) {
  const figures = [step, compute, Math.max(0, waitAndSum - sum), sum].map((ms) => ms.toFixed(2).padStart(9));
  const rate = (B * T / step * 1000).toFixed(0).padStart(14);
  console.log(
    `${String(world.size).padStart(5)} ${String(Math.ceil(B / world.size)).padStart(13)}   ${
      figures.join(" ")
    } ${rate}`,
  );
  console.log(`      ms of MPI_Allreduce by number of elements: ${sums.join(", ")}; this net has ${elements}`);
}

function* repeated(batch: Batch) {
  while (true) yield batch;
}
