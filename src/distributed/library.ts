/** Finds and loads the installed MPI library. */
import { CLibrary } from "./c_library.ts";
import { type Handles, handlesOf } from "./handles.ts";
import { MpiError } from "./mpi_error.ts";

/** The type of a handle, and of a buffer that may be MPI_IN_PLACE: a number that fits a register (see handles.ts). */
const ADDRESS = "usize";

/** Signatures of the MPI calls. Counts are 32-bit integers. */
const SYMBOLS = {
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Init: { parameters: [ADDRESS, ADDRESS], result: "i32" },
  MPI_Finalize: { parameters: [], result: "i32" },
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

const OPEN_MPI_FILES = ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"];
const MPICH_FILES = ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib", "libpmpi.12.dylib"];

/** Environment variables in which a launcher gives the number of processes, and the MPI that the launcher is of. */
const LAUNCHER_VARIABLES = { OMPI_COMM_WORLD_SIZE: "Open MPI", PMI_SIZE: "MPICH", MPI_LOCALNRANKS: "MPICH" };

/** Bytes that hold the longest string of any MPI: MPI_MAX_LIBRARY_VERSION_STRING of MPICH. */
const MAX_STRING = 8192;

/** A loaded MPI library. */
export interface MpiLibrary {
  /** The name or path that the library was loaded by. */
  readonly name: string;
  /** The first line of MPI_Get_library_version. */
  readonly version: string;
  readonly handles: Handles;
  readonly calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  /** The launcher of this process, which may be that of another MPI; undefined without a launcher. */
  readonly launcher: { readonly mpi: string; readonly size: number } | undefined;
}

/**
 * Load an MPI library: `name`, or the library that the environment variable UNROLL_MPI names, or the first one that
 * loads of the usual names of Open MPI and MPICH. The names of the launcher's MPI come first.
 *
 * @throws {MpiError} When no library loads. The message lists the names tried.
 */
export function loadMpi(name?: string): MpiLibrary {
  using c = new CLibrary();
  const [variable, mpi] = Object.entries(LAUNCHER_VARIABLES).find(([name]) => c.environment(name) !== undefined) ?? [];
  const chosen = name ?? c.environment("UNROLL_MPI");
  const usual = mpi === "MPICH" ? [...MPICH_FILES, ...OPEN_MPI_FILES] : [...OPEN_MPI_FILES, ...MPICH_FILES];
  const errors: string[] = [];
  for (const name of chosen ? [chosen] : usual) {
    const opened = c.open(name);
    if ("error" in opened) {
      errors.push(opened.error.includes(name) ? opened.error : `${name}: ${opened.error}`);
      continue;
    }
    try {
      const { symbols: calls } = Deno.dlopen(name, SYMBOLS);
      const version = versionOf(calls);
      const launcher = variable && mpi ? { mpi, size: Number(c.environment(variable)) } : undefined;
      return { name, version, handles: handlesOf(version, opened.address), calls, launcher };
    } catch (error) {
      errors.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new MpiError(
    `Cannot find an MPI library; install Open MPI or MPICH, or name a library by "library" or UNROLL_MPI. Tried ${
      errors.join("; ")
    }`,
  );
}

/** The string that an MPI call writes, or "" when the call fails. */
export function readString(call: (text: Uint8Array<ArrayBuffer>, length: Int32Array<ArrayBuffer>) => number): string {
  const text = new Uint8Array(MAX_STRING);
  const length = new Int32Array(1);
  return call(text, length) === 0 ? new TextDecoder().decode(text.subarray(0, length[0])) : "";
}

function versionOf(calls: MpiLibrary["calls"]): string {
  return readString((text, length) => calls.MPI_Get_library_version(text, length)).split("\n")[0].replace(/\s+/g, " ")
    .replace(/\0/g, "").trim();
}
