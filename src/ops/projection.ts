import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";
import type { Value } from "./value.ts";

/** The input of a layer times its weight: y = x Wᵀ + bias. */
export interface Projection {
  /** Renew the copies of the weight. */
  refresh(k: Kernels): void;
  /** Compute `m` rows of y, from row `row` on. */
  forward(k: Kernels, y: Slot, row: number, m: number): void;
  /** Write `m` rows of the gradient of x, from row `row` on. Does nothing when x has no gradient. */
  backward(k: Kernels, dy: Slot, row: number, m: number): void;
  /** Add to the gradient of the weight, over the first `m` rows. `biasGradient` += the column sums of dy. */
  gradient(k: Kernels, dy: Slot, m: number, biasGradient?: Slot): void;
}

/** Plans the projection of values, or of one-hot rows without multiplying by their zeros. W is `[N, x.width]`. */
export function projection(scope: Scope, x: Value, weight: ParameterSlot, bias?: Slot): Projection {
  return x.kind === "one-hot" ? lookup(scope, x, weight, bias) : matmul(scope, x, weight, bias);
}

function matmul(scope: Scope, x: Value, weight: ParameterSlot, bias?: Slot): Projection {
  const w = linear(scope, weight, { bias });
  return {
    refresh: w.refresh,
    forward: (k, y, row, m) => w.forward(k, y, row, x.value, row, m),
    backward(k, dy, row, m) {
      if (x.gradient) w.backward(k, x.gradient, row, dy, row, m);
    },
    gradient: (k, dy, m, biasGradient) => w.gradient(k, dy, 0, x.value, 0, m, biasGradient),
  };
}

/**
 * x Wᵀ for one-hot x gathers a row of Wᵀ `[V, N]`, and the gradient scatters to that row. Both equal the chain of the
 * matmul: the bias first, all other terms zero.
 */
function lookup(scope: Scope, x: Value, weight: ParameterSlot, bias?: Slot): Projection {
  const [N, V] = weight.shape;
  const table = scope.derived(`${weight.name} table`, V, N);
  const dTable = scope.scratch(`${weight.name} table gradient`, V, N);
  return {
    refresh(k) {
      k.transpose(table.address, weight.value.address, V, N, table.stride, V);
      if (bias) k.add(table.address, table.address, bias.address, V, N, table.stride, table.stride, 0);
    },
    forward(k, y, row, m) {
      k.gather(y.at(row), table.address, x.value.at(row), m, N, y.stride, table.stride);
    },
    backward() {},
    gradient(k, dy, m, biasGradient) {
      if (biasGradient) k.columnSums(biasGradient.address, dy.address, m, N, dy.stride);
      k.transpose(dTable.address, weight.gradient.address, V, N, dTable.stride, V);
      k.scatterAdd(dTable.address, dy.address, x.value.address, m, N, dTable.stride, dy.stride);
      k.transpose(weight.gradient.address, dTable.address, N, V, V, dTable.stride);
    },
  };
}
