/** One rank of bench/mpi.ts: `mpi_rank.ts <seconds>`. Rank 0 prints. */
import { compile, fit, type World } from "@unroll/rnn";
import { init } from "@unroll/rnn/mpi";
import { B, charRnn, T, tokenBatch, TRAINING } from "./char_rnn.ts";
import { processorTime } from "./clock.ts";

const WARM_UP = 5, seconds = Number(Deno.args[0]);
using world = init();

using session = await compile(charRnn(), { batch: Math.ceil(B / world.size), steps: T, ...TRAINING });
const elements = [...session.parameters().values()].reduce((sum, { data }) => sum + data.length, 0);
const batch = { ...tokenBatch(), batch: B };

/** Milliseconds of MPI_Allreduce for n numbers, after a broadcast that synchronises the ranks: lowest decile of 30. */
function allreduce(n: number): number {
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

// The waiting time of a step is the time of `allReduce` minus the time of MPI_Allreduce.
const measured: number[][] = [];
let inReduce = 0, busyInReduce = 0;
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
    const late = world.allReduce(...args);
    inReduce = performance.now() - start;
    busyInReduce = processorTime() - busy;
    return late;
  },
};
let last = performance.now(), lastBusy = processorTime(), count = 0;
for await (const event of fit(session, () => forever(), { seconds, world: timed })) {
  if (event.type !== "step") continue;
  const now = performance.now(), busy = processorTime();
  if (++count > WARM_UP) measured.push([now - last, busy - lastBusy - busyInReduce, inReduce]);
  [last, lastBusy] = [performance.now(), processorTime()];
}
const low = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 10)];
const [step, compute, together] = [0, 1, 2].map((i) => low(measured.map((times) => times[i])));
const sum = allreduce(elements);
const sums = [1e5, 1e6, 1e7].map((n) => `${(n / 1e6).toFixed(1)} M ${allreduce(n).toFixed(2)}`);
if (world.rank === 0) {
  const figures = [step, compute, Math.max(0, together - sum), sum].map((ms) => ms.toFixed(2).padStart(9));
  const rate = (B * T / step * 1000).toFixed(0).padStart(14);
  console.log(
    `${String(world.size).padStart(5)} ${String(Math.ceil(B / world.size)).padStart(13)}   ${
      figures.join(" ")
    } ${rate}`,
  );
  console.log(`      ms of MPI_Allreduce by number of elements: ${sums.join(", ")}; this net has ${elements}`);
}

function* forever() {
  while (true) yield batch;
}
