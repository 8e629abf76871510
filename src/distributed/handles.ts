/**
 * MPI's handles as numbers. To C they are addresses in Open MPI, of symbols that the library exports, and integers in
 * MPICH and all that keep to its binary interface (Intel MPI, MVAPICH, Cray MPICH). Either fits a register, so one
 * signature does for both.
 */
import { MpiError } from "./mpi_error.ts";

/** What the calls need. */
export interface Handles {
  /** MPI_COMM_WORLD */
  readonly world: bigint;
  /** MPI_FLOAT */
  readonly float: bigint;
  /** MPI_DOUBLE */
  readonly double: bigint;
  /** MPI_BYTE */
  readonly byte: bigint;
  /** MPI_SUM */
  readonly sum: bigint;
  /** MPI_ERRORS_RETURN */
  readonly errorsReturn: bigint;
  /** MPI_IN_PLACE */
  readonly inPlace: bigint;
}

/** From mpi.h of Open MPI 4 and 5. */
const SYMBOLS = {
  world: "ompi_mpi_comm_world",
  float: "ompi_mpi_float",
  double: "ompi_mpi_double",
  byte: "ompi_mpi_byte",
  sum: "ompi_mpi_op_sum",
  errorsReturn: "ompi_mpi_errors_return",
};

/** From mpi.h of MPICH 3 and 4. */
const MPICH: Handles = {
  world: 0x44000000n,
  float: 0x4c00040an,
  double: 0x4c00080bn,
  byte: 0x4c00010dn,
  sum: 0x58000003n,
  errorsReturn: 0x54000001n,
  inPlace: 0xffffffffffffffffn,
};

/**
 * The handles of a library, by what it says of itself and where its symbols are.
 *
 * @throws {MpiError} When it is neither.
 */
export function handlesOf(version: string, address: (symbol: string) => bigint): Handles {
  if (/Open MPI/.test(version)) {
    const [world, float, double, byte, sum, errorsReturn] = Object.values(SYMBOLS).map((symbol) => {
      const found = address(symbol);
      if (!found) throw new MpiError(`Cannot use this Open MPI: it does not export "${symbol}" (${version})`);
      return found;
    });
    return { world, float, double, byte, sum, errorsReturn, inPlace: 1n };
  }
  if (/MPICH|Intel\(R\) MPI|MVAPICH/.test(version)) return MPICH;
  throw new MpiError(`Cannot use this MPI, it must be Open MPI or keep to MPICH's binary interface: ${version}`);
}
