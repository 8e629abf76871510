import { spend } from "../../format/budget.ts";
import { sizeOf } from "../../format/tensor.ts";
import { broadcast } from "../operators/strides.ts";
import { cellTensor } from "./cells.ts";
import type { PlanBuilder } from "./plan_builder.ts";
import type { Cells, PlanValue } from "./plan_value.ts";

/**
 * A block of cells in a row that holds each element of a value once: element i is cell `start + order[i]`, or `start +
 * i`. An operation on each element runs on the block, in whatever order it has.
 */
interface Layout {
  readonly start: number;
  readonly order?: Int32Array;
}

/** The block of some cells; undefined when they are no block. */
function layoutOf(plan: PlanBuilder, { start, index }: Cells): Layout | undefined {
  if (!index) return { start };
  let least = Infinity, most = -1;
  for (const cell of index) {
    if (cell < least) least = cell;
    if (cell > most) most = cell;
  }
  if (most - least + 1 !== index.length || !plan.inOneBuffer(least, most)) return undefined;
  const seen = new Uint8Array(index.length);
  for (const cell of index) seen[cell - least] = 1;
  return seen.includes(0) ? undefined : { start: least, order: index.map((cell) => cell - least) };
}

function same(a: Int32Array | undefined, b: Int32Array | undefined): boolean {
  return a === b || (!!a && !!b && a.every((cell, i) => cell === b[i]));
}

/** Operands of an operation on each element of a shape, in rows. */
export interface Operands {
  /** Number of rows. */
  readonly m: number;
  /** Elements of a row. */
  readonly n: number;
  /** The operands: cells in rows, a row every `stride` cells. Stride 0: one row for all. */
  readonly from: readonly { readonly cells: Cells; readonly stride: number }[];
  /** The output: new cells of m n elements, and the same cells in the order of the output's elements. */
  readonly to: Cells;
  readonly result: Cells;
}

/**
 * Brings operands, broadcast to a shape, into one order. Operands of this shape that have the same order stay where
 * they are; one that repeats a row is one row.
 */
export function operands(plan: PlanBuilder, inputs: readonly PlanValue[], shape: readonly number[]): Operands {
  const size = sizeOf(shape), whole = inputs.filter((input) => sizeOf(input.shape) === size && !input.known);
  spend(size);
  const layouts = whole.map((input) => layoutOf(plan, plan.cellsOf(input)));
  const [first] = layouts, shared = first && layouts.every((other) => other && same(other.order, first.order));
  const order = shared ? first.order : undefined;
  const n = rowLength(inputs, shape), to = plan.buffer(size);
  const from = inputs.map((input) => {
    const at = whole.indexOf(input);
    if (at >= 0) return { cells: shared ? { start: layouts[at]!.start } : plan.dense(input), stride: n };
    if (!order && sizeOf(input.shape) === n && n < size) return { cells: plan.dense(input), stride: 0 };
    if (!order && input.known && sizeOf(input.shape) === 1) {
      return { cells: plan.constant(new Float32Array(n).fill(input.known.data[0])), stride: 0 };
    }
    return { cells: repeated(plan, input, shape, order), stride: n };
  });
  const result = order ? { start: to.start, index: order.map((cell) => cell + to.start) } : to;
  return { m: size / n, n, from, to, result };
}

/** An operand in as many cells as the output, in its order; of a known one, the numbers are written once. */
function repeated(plan: PlanBuilder, input: PlanValue, shape: readonly number[], order?: Int32Array): Cells {
  const { data } = broadcast(input.known ?? cellTensor(plan.cellsOf(input), input.shape), shape);
  const ordered = data.slice();
  if (order) data.forEach((x, i) => ordered[order[i]] = x);
  if (input.known) return plan.constant(Float32Array.from(ordered));
  return plan.gathered({ start: ordered[0], index: ordered as Int32Array });
}

/** A number that an operation needs for each element is in the memory so many times at most. */
const COPIES = 4096;

/** The elements of a row: as many as the innermost axes of the smallest operand that has all of them. */
function rowLength(inputs: readonly PlanValue[], shape: readonly number[]): number {
  const size = sizeOf(shape);
  const lengths = inputs.map(({ shape: own }) => {
    if (sizeOf(own) === 1) return size > COPIES ? shape.at(-1)! : size;
    const trimmed = own.slice(own.findIndex((extent) => extent !== 1));
    const isRow = trimmed.every((extent, i) => extent === shape[shape.length - trimmed.length + i]);
    return isRow ? sizeOf(own) : size;
  });
  return Math.min(...lengths);
}
