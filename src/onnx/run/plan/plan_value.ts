import type { Kernels } from "../../../kernels/kernels.ts";
import type { OnnxElementType, OnnxTensor } from "../../format/tensor.ts";

/**
 * Where the elements of a value are: element i is cell `start + i`, or cell `index[i]`. Cells are the f32 numbers of a
 * plan, numbered through all of its buffers. Operators that only move elements make new cells, and run nothing.
 */
export interface Cells {
  readonly start: number;
  readonly index?: Int32Array;
}

/** A value while a call is planned: of one shape, and either known, in cells, or in a register. */
export interface PlanValue {
  readonly type: OnnxElementType;
  readonly shape: readonly number[];
  /** The elements, when they are the same in every call of the plan. */
  readonly known?: OnnxTensor;
  /**
   * Whether the elements depend on the constants of the file alone.
   *
   * @default false
   */
  readonly fixed?: boolean;
  /** The place of f32 elements that a call computes. */
  readonly cells?: Cells;
  /** The place of other elements that a call computes: the number of a tensor outside of the memory. */
  readonly register?: number;
}

/** The memory of a plan whose buffers have addresses. */
export interface Bound {
  readonly k: Kernels;
  /** The tensors outside of the memory. */
  readonly registers: OnnxTensor[];
  /** The address of dense cells. */
  address(cells: Cells): number;
  /** The numbers of dense cells. */
  floats(cells: Cells, length: number): Float32Array;
  /** The integers of dense cells. */
  ints(cells: Cells, length: number): Int32Array;
}

/** One step of a call. A promise: the step goes on by itself. */
export type Run = () => void | Promise<void>;

/** Makes a step, once the buffers have addresses. */
export type Bind = (bound: Bound) => Run;

/** A value that a call computes: f32 in cells. */
export function inCells(shape: readonly number[], cells: Cells): PlanValue {
  return { type: "float", shape, cells };
}

/** Whether a value is f32 elements, in cells or known. */
export function isFloat(value: PlanValue | undefined): value is PlanValue {
  return value?.type === "float" && (value.cells ?? value.known) !== undefined;
}
