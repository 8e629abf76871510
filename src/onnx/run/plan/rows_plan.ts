import { spend } from "../../format/budget.ts";
import { sizeOf } from "../../format/tensor.ts";
import { reordered } from "./cells.ts";
import type { PlanBuilder } from "./plan_builder.ts";
import type { Cells, PlanValue } from "./plan_value.ts";

/** Reduces `count` numbers of x from one on. */
export type Reduce = (x: ArrayLike<number>, from: number, count: number) => number;

/** Reduces the elements along some axes of x to one number each. */
export function planReduction(plan: PlanBuilder, x: PlanValue, removed: ReadonlySet<number>, f: Reduce): Cells {
  const axes = [...x.shape.keys()], order = [false, true].flatMap((is) => axes.filter((i) => removed.has(i) === is));
  const isOrdered = order.every((axis, i) => axis === i), cells = plan.cellsOf(x);
  const rows = plan.gathered(isOrdered ? cells : reordered(cells, x.shape, order));
  const size = sizeOf(x.shape), n = sizeOf([...removed].map((axis) => x.shape[axis])), y = plan.buffer(size / n);
  spend(size);
  plan.step([rows, y], ({ floats }) => {
    const from = floats(rows, size), to = floats(y, size / n);
    return () => {
      for (let i = 0; i < to.length; i++) to[i] = f(from, i * n, n);
    };
  });
  return y;
}

/** The softmax of rows of n elements. */
export function planSoftmax(plan: PlanBuilder, x: PlanValue, n: number): Cells {
  const size = sizeOf(x.shape), from = plan.dense(x), y = plan.buffer(size), one = plan.constant(Float32Array.of(1));
  spend(size);
  plan.step([from, y, one], ({ k, address }) => {
    const to = address(y), at = address(from), scale = address(one);
    return () => k.softmax(to, at, scale, size / n, n, n, n);
  });
  return y;
}

/** The layer normalisation of rows of n elements. */
export function planLayerNorm(
  plan: PlanBuilder,
  x: PlanValue,
  scale: PlanValue,
  bias: PlanValue | undefined,
  epsilon: number,
  n: number,
): Cells {
  const size = sizeOf(x.shape),
    m = size / n,
    from = plan.dense(x),
    y = plan.buffer(size),
    statistics = plan.buffer(2 * m);
  const gain = plan.dense(scale), offset = bias ? plan.dense(bias) : plan.constant(new Float32Array(n));
  const least = plan.constant(Float32Array.of(epsilon));
  spend(size);
  plan.step([from, y, statistics, gain, offset, least], ({ k, address }) => {
    const to = address(y), at = address(from), stats = address(statistics), g = address(gain), b = address(offset);
    const e = address(least);
    return () => k.layerNorm(to, stats, at, g, b, e, m, n, n, n);
  });
  return y;
}
