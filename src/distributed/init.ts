import { readOptions, type Table, text } from "../options.ts";
import { Communicator } from "./communicator.ts";
import { loadMpi } from "./library.ts";
import { MpiError } from "./mpi_error.ts";
import { MpiWorld } from "./mpi_world.ts";

/** Options of `init`. */
export interface MpiOptions {
  /**
   * The name or path of the MPI library.
   *
   * @default the library that the environment variable UNROLL_MPI names, or the first one that loads of the usual names
   * of Open MPI and MPICH, those of the launcher's MPI first
   */
  library?: string;
}

const MPI = { library: [text] } satisfies Table<MpiOptions>;

/**
 * Milliseconds from the print of an error to MPI_Abort. MPICH's launcher loses output that it has not read by then.
 * Without this time 2 of 270 jobs lost the error, with it none of 350 (MPICH 4.0.2, two busy cores, 2026-11-30).
 */
const OUTPUT_DELAY = 100;
/** The same for an `MpiError`, which most often follows a failure on another rank: that rank is to end the job. */
const MPI_ERROR_DELAY = 500;

/** Bytes of the name of a process. */
const PROCESS_NAME = 100;

let isInitialised = false;

/**
 * Join the processes that `mpirun` has started: MPI_Init. Without `mpirun`, the process is a world of size 1. A process
 * can call `init` once, in its main thread. Needs Deno and the permission `--allow-ffi`.
 *
 * An uncaught error on one rank is printed with the number of the rank, then ends all ranks by MPI_Abort.
 *
 * @returns The world, the option `world` of `fit`.
 * @throws {MpiError} When there is no MPI library, at the second call, or when the library is not the launcher's.
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
export function init(options: MpiOptions = {}): MpiWorld {
  const { library: name } = readOptions("init", MPI, options);
  if (typeof Deno === "undefined" || !Deno.dlopen) {
    throw new MpiError("Cannot use MPI: expected Deno with its foreign function interface");
  }
  if (isInitialised) {
    throw new MpiError("Cannot initialise MPI again: a process can do so once, even after MPI_Finalize");
  }
  const library = loadMpi(name);
  isInitialised = true;
  const communicator = new Communicator(library);
  const { launcher, version } = library;
  if (launcher && launcher.size > 1 && communicator.size === 1) {
    throw new MpiError(
      `Cannot join ${launcher.size} processes: the launcher of ${launcher.mpi} has started them, but ${library.name} ` +
        `(${version}) is not its library; name the launcher's library by "library" or UNROLL_MPI`,
    );
  }
  const world = new MpiWorld(communicator, version);
  if (world.size > 1) {
    abortOnFailure(world, communicator);
    if (!/Open MPI/.test(version)) printProcesses(communicator);
  }
  return world;
}

/** Print the process of each rank, on rank 0. When a process dies, MPICH's launcher names a process, not a rank. */
function printProcesses(communicator: Communicator): void {
  const ownName = new Uint8Array(PROCESS_NAME);
  new TextEncoder().encodeInto(`${Deno.pid} on ${communicator.host}`, ownName);
  const names = communicator.allGather(ownName);
  if (communicator.rank > 0) return;
  const decoder = new TextDecoder();
  const lines = Array.from({ length: communicator.size }, (_, rank) => {
    const name = decoder.decode(names.subarray(rank * PROCESS_NAME, (rank + 1) * PROCESS_NAME)).replace(/\0+$/, "");
    return `rank ${rank} is process ${name}`;
  });
  console.error(lines.join(", "));
}

/** End all ranks when this process has an uncaught error, or exits while its world is in use. */
function abortOnFailure(world: MpiWorld, communicator: Communicator): void {
  let hasAborted = false;
  const abort = (event: string, error: unknown) => {
    if (hasAborted) return;
    hasAborted = true;
    const reason = error instanceof Error ? error.stack ?? error.message : String(error);
    console.error(`rank ${world.rank} of ${world.size} ${event}: ${reason}`);
    const delay = error instanceof MpiError ? MPI_ERROR_DELAY : OUTPUT_DELAY;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay);
    communicator.abort(1);
  };
  addEventListener("error", (event) => abort("has failed", event.error));
  addEventListener("unhandledrejection", (event) => abort("has failed", event.reason));
  addEventListener("unload", () => {
    if (!world.isClosed) abort("exits", `with code ${Deno.exitCode}, without disposing its world`);
  });
}
