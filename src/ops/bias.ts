import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/** PyTorch's two biases of a recurrent layer, b_ih and b_hh, used as their sum. Their gradients are equal. */
export interface SummedBias {
  readonly sum: Slot;
  refresh(k: Kernels): void;
  /** Add the column sums of dz, `rows` rows, to both gradients. */
  gradient(k: Kernels, dz: Slot, rows: number): void;
}

/** The sum of two bias vectors of the same length. */
export function summedBias(scope: Scope, a: ParameterSlot, b: ParameterSlot): SummedBias {
  const n = a.size;
  const sum = scope.derived(`${a.name} + ${b.name}`, 1, n);
  return {
    sum,
    refresh(k) {
      k.add(sum.address, a.value.address, b.value.address, 1, n, n, n, n);
    },
    gradient(k, dz, rows) {
      k.columnSums(a.gradient.address, dz.address, rows, n, dz.stride);
      k.copy(b.gradient.address, a.gradient.address, 1, n, n, n);
    },
  };
}
