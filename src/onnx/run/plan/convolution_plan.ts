import { type Convolution, requireBias } from "../operators/convolution_sizes.ts";
import type { PlanRule } from "./plan_rule.ts";
import { spend } from "../../format/budget.ts";
import type { PlanBuilder } from "./plan_builder.ts";
import { type Cells, inCells, isFloat, type PlanValue } from "./plan_value.ts";
import { knownNumbers, knownPanels, planProduct, rowsOf } from "./products_plan.ts";

/**
 * A convolution with constant weights. Each group is the product of its windows, one a row, with its weights; a group
 * of one channel is a sum of products with the elements of its window. The rows of the output are the positions.
 */
export function planConvolution(read: (x: readonly number[], W: readonly number[]) => Convolution): PlanRule {
  return (plan, [x, W, bias]) => {
    if (!isFloat(x) || !isFloat(W) || !W.known || (bias && !bias.known)) return undefined;
    const sizes = read(x.shape, W.shape), { N, M, positions, channels, groups, shape } = sizes, rows = N * positions;
    requireBias(bias, M);
    if (!rows) return undefined;
    const y = plan.buffer(rows * M), cells = plan.cellsOf(x), init = bias && plan.cellsOf(bias);
    if (channels === 1 && groups > 1) sumOfProducts(plan, cells, W, init, sizes, y);
    else for (let g = 0; g < groups; g++) groupProduct(plan, cells, W, init, sizes, y, g);
    const index = new Int32Array(rows * M);
    spend(rows * M);
    for (let n = 0, i = 0; n < N; n++) {
      for (let m = 0; m < M; m++) {
        for (let p = 0; p < positions; p++) index[i++] = y.start + (n * positions + p) * M + m;
      }
    }
    return [inCells(shape, { start: index[0], index })];
  };
}

/** The cell of element `at` of channel c of sequence n of x; a cell of 0 beyond x. */
function cellOf({ start, index }: Cells, { C, size }: Convolution, zero: number, n: number, c: number, at: number) {
  if (at < 0) return zero;
  const i = (n * C + c) * size + at;
  return index ? index[i] : start + i;
}

/** Product of the windows `[rows, channels taps]` of group g with its weights `[M / groups, channels taps]`. */
function groupProduct(
  plan: PlanBuilder,
  x: Cells,
  W: PlanValue,
  init: Cells | undefined,
  sizes: Convolution,
  y: Cells,
  g: number,
): void {
  const { N, M, groups, channels, taps, positions, windows: { index } } = sizes;
  const n = M / groups, k = channels * taps, rows = new Int32Array(N * positions * k);
  spend(rows.length);
  for (let b = 0, i = 0; b < N; b++) {
    for (let p = 0; p < positions; p++) {
      for (let c = 0; c < channels; c++) {
        for (let t = 0; t < taps; t++) {
          rows[i++] = cellOf(x, sizes, plan.zero.start, b, g * channels + c, index[p * taps + t]);
        }
      }
    }
  }
  const panels = knownPanels(plan, W, { k, n, transposed: true, from: g * n * k });
  planProduct(plan, {
    C: { start: y.start + g * n },
    ldc: M,
    A: rowsOf(plan, { start: rows[0], index: rows }, k),
    panels,
    init: init && { cells: { start: init.start + g * n }, stride: 0 },
    m: N * positions,
    n,
    k,
  });
}

/** y `[rows, M]` = init + the sum over elements t of a window of x(t) `[rows, M]` times w(t) `[M]`. */
function sumOfProducts(
  plan: PlanBuilder,
  x: Cells,
  W: PlanValue,
  init: Cells | undefined,
  sizes: Convolution,
  y: Cells,
): void {
  const { N, M, groups, taps, positions, windows: { index } } = sizes, m = N * positions, each = M / groups;
  spend(m * M * taps);
  const columns = knownNumbers(plan, W, "columns", taps * M, (to, { data }) => {
    for (let c = 0; c < M; c++) for (let t = 0; t < taps; t++) to[t * M + c] = data[c * taps + t];
  });
  const factors = Array.from({ length: taps }, (_, t) => {
    const cells = new Int32Array(m * M);
    for (let b = 0, i = 0; b < N; b++) {
      for (let p = 0; p < positions; p++) {
        for (let c = 0; c < M; c++) {
          cells[i++] = cellOf(x, sizes, plan.zero.start, b, Math.floor(c / each), index[p * taps + t]);
        }
      }
    }
    return rowsOf(plan, { start: cells[0], index: cells }, M);
  });
  plan.step([y, columns, ...factors.map(({ cells }) => cells), ...init ? [init] : []], ({ k, address }) => {
    const to = address(y), w = address(columns), from = factors.map(({ cells }) => address(cells));
    const bias = init && address(init);
    return () => {
      if (bias) {
        k.zero(to, m, M, M);
        k.add(to, to, bias, m, M, M, M, 0);
      } else k.zero(to, m, M, M);
      for (let t = 0; t < taps; t++) k.multiplyAdd(to, from[t], w + 4 * t * M, m, M, M, factors[t].stride, 0);
    };
  });
}
