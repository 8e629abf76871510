/**
 * What data parallel training costs: the benchmarks' char-rnn on 1 and on 2 ranks of this machine, milliseconds of an update, lowest decile, (lowest decile)
 * in computation, in waiting for the other ranks, and in MPI_Allreduce; and what MPI_Allreduce alone takes for some
 * sizes. Takes an installed MPI and a core for each rank.
 *
 *     deno task bench:mpi [--ranks 1,2] [--seconds 20]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { ranks: { type: "string", default: "1,2" }, seconds: { type: "string", default: "20" } },
});
const RANK = fileURLToPath(new URL("mpi_rank.ts", import.meta.url));
const env = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

console.log("ranks  rows of each   ms a step   compute      wait  allreduce   characters/s");
for (const ranks of values.ranks.split(",")) {
  const { code, stdout, stderr } = await new Deno.Command("mpirun", {
    args: ["-n", ranks, Deno.execPath(), "run", "--no-check", "--quiet", "--allow-ffi", RANK, values.seconds],
    env,
  }).output().catch((error) => {
    throw new Error(`Cannot run mpirun, is Open MPI or MPICH installed? (${error.message})`);
  });
  if (code) throw new Error(new TextDecoder().decode(stderr));
  console.log(new TextDecoder().decode(stdout).trimEnd());
}
