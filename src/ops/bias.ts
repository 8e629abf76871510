import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/** PyTorch's two biases of a recurrent layer, `bias_ih` and `bias_hh`, used as their sum. Their gradients are equal. */
export interface SummedBias {
  /** The sum; none for a cell without biases. */
  readonly sum?: Slot;
  refresh(k: Kernels): void;
  /** Add the column sums of dz, `rows` rows, to both gradients. */
  gradient(k: Kernels, dz: Slot, rows: number): void;
}

/** The sum of a cell's two bias vectors, or nothing when `bias` is false. */
export function summedBias(scope: Scope, bias: boolean): SummedBias {
  if (!bias) return { refresh() {}, gradient() {} };
  const a = scope.parameter("bias_ih"), b = scope.parameter("bias_hh"), n = a.size;
  const sum = scope.derived("bias_ih + bias_hh", 1, n);
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
