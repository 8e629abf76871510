import { spend } from "../../format/budget.ts";
import { type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { strided, transposed } from "../operators/strides.ts";
import type { Cells } from "./plan_value.ts";

/** The numbers of the cells as a tensor, on which operators run that move elements. */
export function cellTensor({ start, index }: Cells, shape: readonly number[]): OnnxTensor {
  const size = sizeOf(shape);
  spend(size / 2);
  return { type: "int32", shape, data: index ?? Int32Array.from({ length: size }, (_, i) => start + i) };
}

/** The cells of such a tensor. */
export function cellsOf({ data }: OnnxTensor): Cells {
  return { start: data[0] ?? 0, index: data as Int32Array };
}

/** Cells of a shape with their axes in another order. */
export function reordered(cells: Cells, shape: readonly number[], order: readonly number[]): Cells {
  return cellsOf(transposed(cellTensor(cells, shape), order));
}

/** `count` blocks of cells, the last one first. */
export function reversed(cells: Cells, count: number, size: number): Cells {
  return cellsOf(strided(cellTensor(cells, [count * size]), [count, size], [-size, 1], (count - 1) * size));
}

/** `count` cells from the one with number `from` on. */
export function some({ start, index }: Cells, from: number, count: number): Cells {
  return index ? { start: index[from], index: index.subarray(from, from + count) } : { start: start + from };
}
