/**
 * MPI's handles as numbers. In the C interface of Open MPI a handle is the address of a symbol that the library
 * exports. In that of MPICH and of the libraries that share its ABI (Intel MPI, MVAPICH, Cray MPICH) a handle is a
 * 32-bit integer. Both fit a register, so one signature of each call serves both.
 */
import { MpiError } from "./mpi_error.ts";

/** The handles that the calls need, and the address MPI_IN_PLACE. */
export interface Handles {
  /** MPI_COMM_WORLD. */
  readonly world: bigint;
  /** MPI_FLOAT. */
  readonly float: bigint;
  /** MPI_DOUBLE. */
  readonly double: bigint;
  /** MPI_BYTE. */
  readonly byte: bigint;
  /** MPI_SUM. */
  readonly sum: bigint;
  /** MPI_ERRORS_RETURN. */
  readonly errorsReturn: bigint;
  /** MPI_IN_PLACE. */
  readonly inPlace: bigint;
}

/** Symbols in mpi.h of Open MPI 4 and 5. */
const OPEN_MPI_SYMBOLS = {
  world: "ompi_mpi_comm_world",
  float: "ompi_mpi_float",
  double: "ompi_mpi_double",
  byte: "ompi_mpi_byte",
  sum: "ompi_mpi_op_sum",
  errorsReturn: "ompi_mpi_errors_return",
};

/** MPI_IN_PLACE in mpi.h of Open MPI 4 and 5. */
const OPEN_MPI_IN_PLACE = 1n;

/** Constants in mpi.h of MPICH 3 and 4. */
const MPICH_HANDLES: Handles = {
  world: 0x44000000n,
  float: 0x4c00040an,
  double: 0x4c00080bn,
  byte: 0x4c00010dn,
  sum: 0x58000003n,
  errorsReturn: 0x54000001n,
  inPlace: 0xffffffffffffffffn,
};

/**
 * The handles of a library.
 *
 * @param version The text of MPI_Get_library_version.
 * @param address The address of an exported symbol, or 0n.
 * @throws {MpiError} When the library is neither Open MPI nor of MPICH's ABI, or does not export a symbol.
 */
export function handlesOf(version: string, address: (symbol: string) => bigint): Handles {
  if (/Open MPI/.test(version)) {
    const [world, float, double, byte, sum, errorsReturn] = Object.values(OPEN_MPI_SYMBOLS).map((symbol) => {
      const handle = address(symbol);
      if (!handle) throw new MpiError(`Cannot use this Open MPI: it does not export "${symbol}" (${version})`);
      return handle;
    });
    return { world, float, double, byte, sum, errorsReturn, inPlace: OPEN_MPI_IN_PLACE };
  }
  if (/MPICH|Intel\(R\) MPI|MVAPICH/.test(version)) return MPICH_HANDLES;
  throw new MpiError(`Cannot use this MPI library: expected Open MPI or a library of MPICH's ABI, got "${version}"`);
}
