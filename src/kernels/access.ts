import { ACCESS, type Kernels } from "./kernels.ts";

/**
 * How a kernel accesses its arguments, and along which dimension a call can be partitioned among threads so that the
 * parts give the bits of the whole.
 */
export interface Signature {
  /** The arguments that are addresses of operands; a workspace is none. */
  readonly operands: readonly Operand[];
  /** Index of the argument that counts the partitioned dimension; -1: there is none. */
  readonly partitioned: number;
  /** Whether the partitioned dimension counts rows of activations. */
  readonly activationRows: boolean;
  /** Parts begin at multiples of this number. */
  readonly unit: number;
  /** Index of the workspace argument; -1: there is none. */
  readonly workspace: number;
  /** Index of the argument that is the number of the first row; -1: there is none. */
  readonly firstRow: number;
}

/** An argument that is the address of an operand. */
interface Operand {
  /** Index of the argument. */
  readonly argument: number;
  /** Whether the kernel writes the operand. */
  readonly writes: boolean;
  /** Whether the partitioned dimension counts the operand's columns. */
  readonly columns: boolean;
  /** Bytes from one row of the partitioned dimension to the next; 0: every part touches all of the operand. */
  readonly bytes: number;
  /** Index of the argument that multiplies `bytes`; -1: there is none. */
  readonly factor: number;
}

/**
 * Other signatures, for calls with one row among parameters, gradients and moments: the row itself is partitioned. A
 * copy is partitioned as gemmTN partitions its sums, so that no thread waits for the gradient of a bias that another
 * bias shares.
 */
const FLAT: Partial<Record<keyof Kernels, string>> = {
  copy: "y>4 x<4 m n/1 ldy ldx",
  zero: "y>64 m n/16 ldy",
  add: "y>64 a<64 b<64 m n/16 ldy lda ldb",
};

/** The kernels by number. A recorded call names its kernel by index + 1; 0 and below are commands. */
export const KERNEL_NAMES = /* @__PURE__ */ Object.keys(ACCESS) as readonly (keyof Kernels)[];

/** The signatures of the kernels. */
export const signatures = /* @__PURE__ */ parsed(ACCESS) as Readonly<Record<keyof Kernels, Signature>>;

/** The signatures of calls with one row among parameters, gradients and moments. */
export const flatSignatures: Readonly<Partial<Record<keyof Kernels, Signature>>> = /* @__PURE__ */ parsed(FLAT);

function parsed(table: Partial<Record<keyof Kernels, string>>): Partial<Record<keyof Kernels, Signature>> {
  return Object.fromEntries(Object.entries(table).map(([kernel, text]) => [kernel, parse(text)]));
}

/**
 * Parse a line of the access tables.
 *
 * The notation of the tables in kernels.ts and its parts (`LossKernels`, `OptimizerKernels`, `PoolingKernels`) has a
 * word for each argument, in their order: the argument's name, then marks.
 *
 *   `<`      The kernel reads the memory at this address.
 *   `>`      The kernel writes it, and may read it.
 *   `4ldc`   After `<` or `>`: the bytes from one row of the partitioned dimension to the next, a number or a number
 *            times an argument, here ldc floats. Without bytes every part reads all of it, or the only part writes all.
 *   `~`      Before the bytes: the partitioned dimension counts columns, so a part touches all rows.
 *   `!`      A workspace; each thread has one of its own.
 *   `*`      The partitioned dimension. It counts rows of activations, which may be rows of one time step.
 *   `/16`    The partitioned dimension. It counts anything else, and parts begin at multiples of 16.
 *   `+`      The number of the first row.
 *
 * A kernel without a partitioned dimension combines its rows in an order that cannot be divided; one thread runs it.
 */
function parse(text: string): Signature {
  const words = text.split(" ").filter(Boolean);
  const names = words.map((word) => word.match(/^\w+/)![0]);
  const operands = words.flatMap((word, argument): Operand[] => {
    const [, access, columns, bytes, factor] = word.match(/([<>])(~?)(\d*)(\w*)/) ?? [];
    if (!access) return [];
    return [{
      argument,
      writes: access === ">",
      columns: columns !== "",
      bytes: Number(bytes),
      factor: names.indexOf(factor),
    }];
  });
  const partitioned = words.findIndex((word) => /[*/]/.test(word));
  const activationRows = words[partitioned]?.endsWith("*") ?? false;
  return {
    operands,
    partitioned,
    activationRows,
    unit: partitioned < 0 || activationRows ? 1 : Number(words[partitioned].split("/")[1]),
    workspace: words.findIndex((word) => word.endsWith("!")),
    firstRow: words.findIndex((word) => word.endsWith("+")),
  };
}
