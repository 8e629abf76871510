import type { PlanRule } from "./plan_rule.ts";
import { ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { copyElements, type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { broadcast, broadcastShape } from "../operators/strides.ts";
import { cellsOf, cellTensor, reordered, some } from "./cells.ts";
import { evenRows, type PlanBuilder } from "./plan_builder.ts";
import { type Cells, inCells, isFloat, type PlanValue } from "./plan_value.ts";

/** Rows in a row of cells, a row every `stride` cells. */
interface Rows {
  readonly cells: Cells;
  readonly stride: number;
}

/** Cells as rows of `columns`, where they are if their rows are even. */
export function rowsOf(plan: PlanBuilder, cells: Cells, columns: number): Rows {
  const { index } = cells, one = index?.length && plan.inOneBuffer(index[0], index.at(-1)!);
  const rows = one ? evenRows(index) : undefined;
  if (rows && rows.rows > 1 && rows.columns === columns) return { cells: { start: index![0] }, stride: rows.stride };
  return { cells: plan.gathered(cells), stride: columns };
}

/** Floats of a matrix `[k, n]` in panels. */
export function panelSize(k: number, n: number): number {
  return Math.ceil(n / 8) * 8 * k;
}

/** A matrix of weights `[k, n]`: the elements of a tensor from one on, as `[k, n]` or as its transpose `[n, k]`. */
interface Matrix {
  readonly k: number;
  readonly n: number;
  readonly transposed: boolean;
  /** Of the tensor, the element before the matrix. */
  readonly from?: number;
  /** What each element is multiplied by. */
  readonly factor?: number;
}

/** Elements that are copied at a time from a tensor to its panels. */
const BLOCK = 2 ** 16;

/** Writes a matrix in panels of 8 columns. */
export function writePanels(panels: Float32Array, x: OnnxTensor, matrix: Matrix): void {
  const { k, n, transposed, from = 0, factor = 1 } = matrix, width = transposed ? k : n, height = transposed ? n : k;
  const step = transposed ? 8 : Math.max(1, Math.min(k, Math.floor(BLOCK / n))), rows = new Float32Array(step * width);
  for (let first = 0; first < height; first += step) {
    const count = Math.min(step, height - first), block = rows.subarray(0, count * width);
    copyElements(x, from + first * width, block);
    if (transposed) {
      for (let c = 0, panel = first * k; c < count; c++) {
        for (let i = 0; i < k; i++) panels[panel + 8 * i + c] = factor * block[c * k + i];
      }
    } else {
      for (let j = 0; j < n; j++) {
        const panel = (j >> 3) * 8 * k + 8 * first + (j & 7);
        for (let r = 0; r < count; r++) panels[panel + 8 * r] = factor * block[r * n + j];
      }
    }
  }
}

/** The panels of a known value that is, or has in it, a matrix. */
export function knownPanels(plan: PlanBuilder, value: PlanValue, matrix: Matrix): Cells {
  const form = `panels ${Object.values(matrix)}`;
  return knownNumbers(plan, value, form, panelSize(matrix.k, matrix.n), (to, x) => writePanels(to, x, matrix));
}

/** Numbers that are made of a known value: of a constant of the file once for all plans. */
export function knownNumbers(
  plan: PlanBuilder,
  { known, fixed }: PlanValue,
  form: string,
  size: number,
  write: (to: Float32Array, x: OnnxTensor) => void,
): Cells {
  const x = known!;
  if (fixed) return plan.weight(x, form, size, (slot, _, arena) => write(arena.floats(slot.address, size), x));
  const numbers = new Float32Array(size);
  write(numbers, x);
  return plan.constant(numbers);
}

/** One product for a step: C `[m, n]` = init + A P. */
export interface Product {
  readonly C: Cells;
  readonly ldc?: number;
  readonly A: Rows;
  readonly panels: Cells;
  readonly init?: Rows;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A step that runs a product. */
export function planProduct(plan: PlanBuilder, { C, ldc, A, panels, init, m, n, k: depth }: Product): void {
  spend(m * n * depth / 16);
  const workspace = plan.planner.workspace(Math.min(m, 64) * depth), stride = ldc ?? n;
  plan.step([C, A.cells, panels, ...init ? [init.cells] : []], ({ k, address }) => {
    const c = address(C), a = address(A.cells), p = address(panels), w = workspace.address;
    const from = init ? address(init.cells) : 0, ldi = init?.stride ?? 0;
    return () => k.gemm(c, from, a, p, w, m, n, depth, stride, ldi, A.stride);
  });
}

/** MatMul: with a constant matrix on the right, whose panels are made once, or with panels that each call makes. */
export const planMatMul: PlanRule = (plan, [a, b]) => {
  if (!isFloat(a) || !isFloat(b)) return undefined;
  const isRow = a.shape.length === 1, isColumn = b.shape.length === 1;
  const left = isRow ? [1, ...a.shape] : a.shape, right = isColumn ? [...b.shape, 1] : b.shape;
  const [m, k] = left.slice(-2), [inner, n] = right.slice(-2);
  if (left.length < 2 || right.length < 2 || k !== inner) {
    throw new ShapeError(`float [${a.shape}] cannot be multiplied with float [${b.shape}]`);
  }
  const lead = broadcastShape(left.slice(0, -2), right.slice(0, -2)), count = sizeOf(lead);
  const shape = [...lead, ...(isRow ? [] : [m]), ...(isColumn ? [] : [n])], C = plan.buffer(count * m * n);
  const one = sizeOf(right) === k * n, rows = one ? sizeOf(left) / k : m;
  if (b.known && one) {
    const panels = knownPanels(plan, b, { k, n, transposed: false });
    planProduct(plan, { C, A: rowsOf(plan, plan.cellsOf(a), k), panels, m: rows, n, k });
    return [inCells(shape, C)];
  }
  const repeated = (value: PlanValue, own: readonly number[], all: readonly number[]) =>
    plan.gathered(
      own.join() === all.join() ? plan.cellsOf(value) : cellsOf(broadcast(cellTensor(plan.cellsOf(value), own), all)),
    );
  const A = one ? plan.dense(a) : repeated(a, left, [...lead, m, k]);
  const B = one ? plan.dense(b) : repeated(b, right, [...lead, k, n]), times = one ? 1 : count;
  spend(times);
  const panels = plan.buffer(panelSize(k, n));
  for (let i = 0; i < times; i++) {
    const from = some(B, i * k * n, k * n);
    plan.step([from, panels], (bound) => {
      const p = bound.address(panels), w = bound.address(from);
      return () => bound.k.pack(p, w, k, n, n);
    });
    const rowsOfA = { cells: some(A, i * m * k, rows * k), stride: k };
    planProduct(plan, { C: some(C, i * m * n, rows * n), A: rowsOfA, panels, m: rows, n, k });
  }
  return [inCells(shape, C)];
};

/** Gemm with a constant B, and a C that is constant or whose factor is 1. */
export function planGemm(alpha: number, beta: number, transA: boolean, transB: boolean): PlanRule {
  return (plan, [a, b, c]) => {
    if (!isFloat(a) || !isFloat(b) || !b.known || a.shape.length !== 2 || b.shape.length !== 2) return undefined;
    if (c && (!isFloat(c) || (beta !== 1 && !c.known))) return undefined;
    const [m, k] = transA ? a.shape.toReversed() : a.shape, [inner, n] = transB ? b.shape.toReversed() : b.shape;
    if (k !== inner) return undefined;
    const cells = transA ? reordered(plan.cellsOf(a), a.shape, [1, 0]) : plan.cellsOf(a), C = plan.buffer(m * n);
    const panels = knownPanels(plan, b, { k, n, transposed: transB, factor: alpha });
    const init = c && initialRows(plan, c, beta, [m, n]);
    planProduct(plan, { C, A: rowsOf(plan, cells, k), panels, init, m, n, k });
    return [inCells([m, n], C)];
  };
}

/** The rows to which a product is added: one for all rows, or each its own. */
function initialRows(plan: PlanBuilder, c: PlanValue, factor: number, [m, n]: readonly number[]): Rows {
  if (broadcastShape(c.shape, [m, n]).join() !== `${m},${n}`) {
    throw new ShapeError(`C of shape [${c.shape}] does not broadcast to [${m},${n}]`);
  }
  const isRow = sizeOf(c.shape) === n && c.shape.at(-1) === n;
  const shape = isRow ? c.shape : [m, n], stride = isRow ? 0 : n;
  if (c.known && (factor !== 1 || !isRow)) {
    const { data } = broadcast(c.known, shape);
    return { cells: plan.constant(Float32Array.from(data, (x) => factor * x)), stride };
  }
  const cells = plan.cellsOf(c);
  return { cells: plan.gathered(isRow ? cells : cellsOf(broadcast(cellTensor(cells, c.shape), shape))), stride };
}
