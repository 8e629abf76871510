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

/** The biases of a GRU whose reset gate acts after the product: summed for r and u, apart for n. */
export interface SeparateBiases extends SummedBias {
  /** `bias_hh` of the candidate, which is added before the reset gate acts; null for a cell without biases. */
  readonly candidate: Slot | null;
}

/**
 * The two bias vectors of blocks r, u, n, or nothing when `bias` is false. Their gradient is that of r, u, nx, nh, four
 * blocks of dz.
 */
export function separateBiases(scope: Scope, H: number, bias: boolean): SeparateBiases {
  if (!bias) return { candidate: null, refresh() {}, gradient() {} };
  const a = scope.parameter("bias_ih"), b = scope.parameter("bias_hh");
  const sum = scope.derived("bias", 1, 3 * H);
  return {
    sum,
    candidate: b.value.slice(2 * H, H),
    refresh(k) {
      k.copy(sum.address, a.value.address, 1, 3 * H, 3 * H, 3 * H);
      k.add(sum.address, sum.address, b.value.address, 1, 2 * H, 2 * H, 2 * H, 2 * H);
    },
    gradient(k, dz, rows) {
      k.columnSums(a.gradient.address, dz.address, rows, 3 * H, dz.stride);
      k.copy(b.gradient.address, a.gradient.address, 1, 2 * H, 2 * H, 2 * H);
      k.columnSums(b.gradient.slice(2 * H, H).address, dz.slice(3 * H, H).address, rows, H, dz.stride);
    },
  };
}
