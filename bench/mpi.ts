/**
 * Cost of data-parallel training. The program trains char-rnn on 1 and on 2 ranks of this machine. For each it prints
 * the lowest decile of the milliseconds of an update, of its computation (processor time), of waiting for other ranks,
 * and of MPI_Allreduce, then the time of MPI_Allreduce for some sizes. At the end it prints the time of a net of 10
 * million parameters on one core for some numbers of rows. It needs an installed MPI and a core for each rank.
 *
 *     deno task bench:mpi [--ranks 1,2] [--seconds 20]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { adam, clipNorm, compile, crossEntropy, dense, lstm, recurrent, sequential } from "@unroll/rnn";
import { processorTime } from "./clock.ts";

const { values } = parseArgs({
  options: { ranks: { type: "string", default: "1,2" }, seconds: { type: "string", default: "20" } },
});
const RANK = fileURLToPath(new URL("mpi_rank.ts", import.meta.url));
const env = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

console.log("ranks  rows of each   ms a step   compute      wait  allreduce   characters/s");
for (const ranks of values.ranks.split(",")) {
  const { code, stdout, stderr } = await new Deno.Command("mpirun", {
    args: [
      "-n",
      ranks,
      Deno.execPath(),
      "run",
      "--no-check",
      "--quiet",
      "--allow-ffi",
      "--allow-sys",
      RANK,
      values.seconds,
    ],
    env,
  }).output().catch((error) => {
    throw new Error(`Cannot run mpirun: expected Open MPI or MPICH, got ${error.message}`);
  });
  if (code) throw new Error(new TextDecoder().decode(stderr));
  console.log(new TextDecoder().decode(stdout).trimEnd());
}

// A net of 10 million parameters: the time of an update, and the time of each row.
const H = 888, T = 50, I = 128, V = 65;
const net = sequential({ rnn: recurrent(lstm(), { input: I, hidden: H, layers: 2 }), output: dense(H, V) });
const learning = { loss: crossEntropy(), optimizer: adam(), clip: clipNorm(5) };
using session = await compile(net, { batch: 16, steps: T, ...learning });
console.log("10 million parameters, one core: ms of processor time of a training step, best of 5");
for (const batch of [1, 4, 16]) {
  const x = Float32Array.from({ length: T * batch * I }, (_, i) => i % 17 / 17 - 0.5);
  const y = new Int32Array(T * batch);
  const times = Array.from({ length: 5 }, () => {
    const start = processorTime();
    session.step({ x, y }, { batch });
    return processorTime() - start;
  });
  console.log(`${String(batch).padStart(5)} rows ${Math.min(...times).toFixed(0).padStart(8)}`);
}
