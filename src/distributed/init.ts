import { Communicator } from "./communicator.ts";
import { loadMpi } from "./library.ts";
import { MpiError } from "./mpi_error.ts";
import { MpiWorld } from "./mpi_world.ts";

/** Options of `init`. */
export interface MpiOptions {
  /**
   * The library to load, by name or path. Default: what the environment variable UNROLL_MPI says, or else the first of
   * Open MPI's and MPICH's usual names that there is, that of the launcher first.
   */
  library?: string;
}

/** Milliseconds that a rank which has only heard of a failure leaves to the one that has failed. */
const GRACE = 500;

/** The most bytes of the name of a process. */
const PROCESS = 100;

let used = false;

/**
 * Join the processes that `mpirun` has started: MPI_Init. Started without it, a process is a world of its own, of size
 * 1. Once in a process, as MPI has it, and in its main thread. Needs Deno and `--allow-ffi`.
 *
 * An error that nobody catches ends all ranks, by MPI_Abort, after it was printed with the number of its rank.
 *
 * @throws {MpiError} When there is no MPI library, the second time, or when the library is not that of the launcher.
 *
 * @example
 * ```ts ignore
 * import { adam, compile, crossEntropy, dense, fit, gru, recurrent, sequential } from "@unroll/rnn";
 * import * as mpi from "@unroll/rnn/mpi";
 *
 * using world = mpi.init();
 * const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 16, output: "last" }), decoder: dense(16, 2) });
 * using session = await compile(net, { batch: 16, steps: 20, loss: crossEntropy(), optimizer: adam() });
 * const data = { x: [[1, 2, 3], [3, 2, 1]], y: [1, 0] }; // the same on all ranks
 * for await (const event of fit(session, data, { world })) {
 *   if (world.rank === 0 && event.type === "epoch") console.log(event.epoch, event.loss);
 * }
 * ```
 */
export function init({ library: name }: MpiOptions = {}): MpiWorld {
  if (typeof Deno === "undefined" || !Deno.dlopen) {
    throw new MpiError("Cannot use MPI: it needs Deno, whose main thread can call C libraries");
  }
  if (used) throw new MpiError("Cannot initialise MPI again: a process can do so once, and not after its end either");
  const library = loadMpi(name);
  used = true;
  const communicator = new Communicator(library), { started, version } = library;
  if (started && started.size > 1 && communicator.size === 1) {
    throw new MpiError(
      `Cannot join ${started.size} processes: the launcher of ${started.by} has started them, but ${library.name} ` +
        `(${version}) does not know it; name the library of that launcher by "library" or UNROLL_MPI`,
    );
  }
  const world = new MpiWorld(communicator, version);
  if (world.size > 1) {
    endTogether(world, communicator);
    if (!/Open MPI/.test(version)) printProcesses(communicator);
  }
  return world;
}

/** When a process dies, MPICH's launcher names processes and hosts, not ranks: so rank 0 says which is which. */
function printProcesses(communicator: Communicator): void {
  const own = new Uint8Array(PROCESS), text = new TextDecoder();
  new TextEncoder().encodeInto(`${Deno.pid} on ${communicator.host}`, own);
  const all = communicator.gather(own);
  if (communicator.rank > 0) return;
  const names = Array.from({ length: communicator.size }, (_, rank) => {
    const name = text.decode(all.subarray(rank * PROCESS, (rank + 1) * PROCESS)).replace(/\0+$/, "");
    return `rank ${rank} is process ${name}`;
  });
  console.error(names.join(", "));
}

/** An error that nobody catches, and an exit before the end, end all ranks. */
function endTogether(world: MpiWorld, communicator: Communicator): void {
  let isOver = false;
  const abort = (what: string, error: unknown) => {
    if (isOver) return;
    isOver = true;
    const reason = error instanceof Error ? error.stack ?? error.message : String(error);
    console.error(`rank ${world.rank} of ${world.size} ${what}: ${reason}`);
    // What other ranks have to say of this is not the cause: the one that has it comes first.
    if (error instanceof MpiError) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GRACE);
    communicator.abort(1);
  };
  addEventListener("error", (event) => abort("has failed", event.error));
  addEventListener("unhandledrejection", (event) => abort("has failed", event.reason));
  addEventListener("unload", () => {
    if (!world.over) abort("exits", `with code ${Deno.exitCode}, without disposing its world`);
  });
}
