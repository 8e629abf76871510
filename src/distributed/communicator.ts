/** The MPI calls on MPI_COMM_WORLD. A return code other than MPI_SUCCESS throws an error. */
import { type MpiLibrary, readString } from "./library.ts";
import { MpiError } from "./mpi_error.ts";

/** MPI_SUCCESS. */
const SUCCESS = 0;

type Buffer = Float32Array | Float64Array | Uint8Array;

/**
 * MPI_COMM_WORLD: the processes that an `mpirun` has started, or this process alone. The collective calls (`allReduce`,
 * `allGather`, `broadcast`) block the thread until all ranks have called them.
 */
export class Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #library: MpiLibrary;

  /** MPI_Init. */
  constructor(library: MpiLibrary) {
    this.#library = library;
    const { calls, handles: { world, errorsReturn } } = library;
    this.rank = -1; // Unknown until MPI_Comm_rank: errors before it name no rank.
    this.#check("MPI_Init", calls.MPI_Init(0n, 0n));
    this.#check("MPI_Comm_set_errhandler", calls.MPI_Comm_set_errhandler(world, errorsReturn));
    const integer = new Int32Array(1);
    this.#check("MPI_Comm_size", calls.MPI_Comm_size(world, integer));
    this.size = integer[0];
    this.#check("MPI_Comm_rank", calls.MPI_Comm_rank(world, integer));
    this.rank = integer[0];
  }

  /** MPI_Allreduce with MPI_SUM and MPI_IN_PLACE: each element becomes the sum over all ranks. */
  allReduce(buffer: Float32Array): void {
    const { calls, handles: { inPlace, float, sum, world } } = this.#library;
    this.#check("MPI_Allreduce", calls.MPI_Allreduce(inPlace, unshared(buffer), buffer.length, float, sum, world));
  }

  /**
   * MPI_Allgather.
   *
   * @param bytes The bytes of this rank: the same number on every rank.
   * @returns The bytes of all ranks, in the order of ranks.
   */
  allGather(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const { calls, handles: { byte, world } } = this.#library;
    const { length } = bytes;
    const gathered = new Uint8Array(length * this.size);
    this.#check("MPI_Allgather", calls.MPI_Allgather(bytes, length, byte, gathered, length, byte, world));
    return gathered;
  }

  /** MPI_Bcast: the buffer gets the content of the buffer of rank `root`. */
  broadcast(buffer: Buffer, root: number): void {
    const { calls, handles: { float, double, byte, world } } = this.#library;
    const type = buffer instanceof Float32Array ? float : buffer instanceof Float64Array ? double : byte;
    this.#check("MPI_Bcast", calls.MPI_Bcast(unshared(buffer), buffer.length, type, root, world));
  }

  /** MPI_Get_processor_name: the name of the host. */
  get host(): string {
    return readString((text, length) => this.#library.calls.MPI_Get_processor_name(text, length));
  }

  /** MPI_Abort: end the processes of all ranks. */
  abort(exitCode: number): void {
    this.#library.calls.MPI_Abort(this.#library.handles.world, exitCode);
  }

  /** MPI_Finalize. No call may follow. */
  finalize(): void {
    this.#check("MPI_Finalize", this.#library.calls.MPI_Finalize());
  }

  /** @throws {MpiError} When the return code of a call is not MPI_SUCCESS, with the text of MPI_Error_string. */
  #check(call: string, code: number): void {
    if (code === SUCCESS) return;
    const reason = readString((text, length) => this.#library.calls.MPI_Error_string(code, text, length));
    const rank = this.rank < 0 ? "" : ` on rank ${this.rank} of ${this.size}`;
    throw new MpiError(`${call} has failed${rank}: ${reason || `code ${code}`}`);
  }
}

/** The buffer with the type that Deno expects, which excludes memory shared by threads. MPI accepts such memory. */
function unshared(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return buffer as unknown as Uint8Array<ArrayBuffer>;
}
