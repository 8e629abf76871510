/** Finds the installed MPI. */
import { CLibrary } from "./c_library.ts";
import { type Handles, handlesOf } from "./handles.ts";
import { MpiError } from "./mpi_error.ts";

const ADDRESS = "usize";

/** The calls. Handles, and MPI_IN_PLACE, are numbers (see handles.ts); counts are 32-bit integers. */
const SYMBOLS = {
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Init: { parameters: [ADDRESS, ADDRESS], result: "i32" },
  MPI_Finalize: { parameters: [], result: "i32" },
  MPI_Initialized: { parameters: ["buffer"], result: "i32" },
  MPI_Abort: { parameters: [ADDRESS, "i32"], result: "i32" },
  MPI_Comm_set_errhandler: { parameters: [ADDRESS, ADDRESS], result: "i32" },
  MPI_Error_string: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  MPI_Comm_rank: { parameters: [ADDRESS, "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: [ADDRESS, "buffer"], result: "i32" },
  MPI_Get_processor_name: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Allreduce: { parameters: [ADDRESS, "buffer", "i32", ADDRESS, ADDRESS, ADDRESS], result: "i32" },
  MPI_Allgather: { parameters: ["buffer", "i32", ADDRESS, "buffer", "i32", ADDRESS, ADDRESS], result: "i32" },
  MPI_Bcast: { parameters: ["buffer", "i32", ADDRESS, "i32", ADDRESS], result: "i32" },
} as const;

const OPEN_MPI = ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"];
const MPICH = ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib", "libpmpi.12.dylib"];

/** Variables by which an mpirun tells its processes how many they are, and whose it is. */
const LAUNCHERS = { OMPI_COMM_WORLD_SIZE: "Open MPI", PMI_SIZE: "MPICH", MPI_LOCALNRANKS: "MPICH" };

/** The longest text that MPI gives (MPI_MAX_LIBRARY_VERSION_STRING of MPICH). */
const LONGEST = 8192;

/** A loaded library. */
export interface MpiLibrary {
  /** The name that it was loaded by. */
  readonly name: string;
  /** The first line of what it says of itself. */
  readonly version: string;
  readonly handles: Handles;
  readonly calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  /** Processes that the mpirun of another MPI has said there are; undefined: none has. */
  readonly started: { readonly size: number; readonly by: string } | undefined;
}

/**
 * Load `name`, or what UNROLL_MPI names, or the first MPI that there is: that of the mpirun which has started this
 * process before others.
 *
 * @throws {MpiError} When there is none; it says what was tried.
 */
export function loadMpi(name?: string): MpiLibrary {
  using c = new CLibrary();
  const launcher = Object.entries(LAUNCHERS).find(([variable]) => c.variable(variable) !== undefined);
  const named = name ?? c.variable("UNROLL_MPI");
  const names = named ? [named] : launcher?.[1] === "MPICH" ? [...MPICH, ...OPEN_MPI] : [...OPEN_MPI, ...MPICH];
  const faults: string[] = [];
  for (const name of names) {
    const opened = c.open(name);
    if ("fault" in opened) {
      faults.push(opened.fault.includes(name) ? opened.fault : `${name}: ${opened.fault}`);
      continue;
    }
    try {
      const { symbols: calls } = Deno.dlopen(name, SYMBOLS), version = versionOf(calls);
      const started = launcher && { size: Number(c.variable(launcher[0])), by: launcher[1] };
      return { name, version, handles: handlesOf(version, opened.address), calls, started };
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new MpiError(
    `Cannot find an MPI library; install Open MPI or MPICH, or name one by "library" or UNROLL_MPI. Tried ${
      faults.join("; ")
    }`,
  );
}

/** A text that a call writes. */
export function written(call: (text: Uint8Array<ArrayBuffer>, length: Int32Array<ArrayBuffer>) => number): string {
  const text = new Uint8Array(LONGEST), length = new Int32Array(1);
  return call(text, length) === 0 ? new TextDecoder().decode(text.subarray(0, length[0])) : "";
}

function versionOf(calls: MpiLibrary["calls"]): string {
  return written((text, length) => calls.MPI_Get_library_version(text, length)).split("\n")[0].replace(/\s+/g, " ")
    .replace(/\0/g, "").trim();
}
