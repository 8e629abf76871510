/** MPI's calls on MPI_COMM_WORLD, whose return codes become errors. They block the thread until all ranks have come. */
import { type MpiLibrary, written } from "./library.ts";
import { MpiError } from "./mpi_error.ts";

type Numbers = Float32Array | Float64Array | Uint8Array;

/** The processes that an mpirun has started, or this one alone. */
export class Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #library: MpiLibrary;

  /** MPI_Init. */
  constructor(library: MpiLibrary) {
    this.#library = library;
    const { calls, handles: { world, errorsReturn } } = library;
    this.rank = -1;
    this.#check("MPI_Init", calls.MPI_Init(0n, 0n));
    this.#check("MPI_Comm_set_errhandler", calls.MPI_Comm_set_errhandler(world, errorsReturn));
    const number = new Int32Array(1);
    this.#check("MPI_Comm_size", calls.MPI_Comm_size(world, number));
    this.size = number[0];
    this.#check("MPI_Comm_rank", calls.MPI_Comm_rank(world, number));
    this.rank = number[0];
  }

  /** MPI_Allreduce with MPI_IN_PLACE: the sum over all ranks, element by element. */
  sum(numbers: Float32Array): void {
    const { calls, handles: { inPlace, float, sum, world } } = this.#library;
    this.#check("MPI_Allreduce", calls.MPI_Allreduce(inPlace, plain(numbers), numbers.length, float, sum, world));
  }

  /** MPI_Allgather: what each rank gives, as many bytes from all of them, in the order of ranks. */
  gather(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const { calls, handles: { byte, world } } = this.#library, { length } = bytes;
    const all = new Uint8Array(length * this.size);
    this.#check("MPI_Allgather", calls.MPI_Allgather(bytes, length, byte, all, length, byte, world));
    return all;
  }

  /** MPI_Get_processor_name: the host. */
  get host(): string {
    return written((text, length) => this.#library.calls.MPI_Get_processor_name(text, length));
  }

  /** MPI_Bcast: the numbers become those of one rank. */
  broadcast(numbers: Numbers, root: number): void {
    const { calls, handles: { float, double, byte, world } } = this.#library;
    const type = numbers instanceof Float32Array ? float : numbers instanceof Float64Array ? double : byte;
    this.#check("MPI_Bcast", calls.MPI_Bcast(plain(numbers), numbers.length, type, root, world));
  }

  /** MPI_Abort: end all processes. */
  abort(code: number): void {
    this.#library.calls.MPI_Abort(this.#library.handles.world, code);
  }

  /** MPI_Finalize: no call may follow. */
  finalize(): void {
    this.#check("MPI_Finalize", this.#library.calls.MPI_Finalize());
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const reason = written((text, length) => this.#library.calls.MPI_Error_string(code, text, length));
    const who = this.rank < 0 ? "" : ` on rank ${this.rank} of ${this.size}`;
    throw new MpiError(`${call} has failed${who}: ${reason || `code ${code}`}`);
  }
}

/** Of a memory that threads share as well: MPI does not mind, its type in Deno does. */
function plain(numbers: Numbers): Uint8Array<ArrayBuffer> {
  return numbers as unknown as Uint8Array<ArrayBuffer>;
}
