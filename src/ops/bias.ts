import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/** The sum of PyTorch's two biases of a recurrent layer, `bias_ih` and `bias_hh`. Their gradients are equal. */
export interface SummedBias {
  /** The sum. A cell without biases has none. */
  readonly sum?: Slot;
  /** The gradient of `bias_ih`. The cell adds the column sums of dz here. */
  readonly columnSums?: Slot;
  refresh(k: Kernels): void;
  /** Copy the gradient of `bias_ih` to that of `bias_hh`. Runs after the column sums. */
  copyGradient(k: Kernels): void;
}

/** Plans the sum of a cell's two biases. With `bias` false there is no sum. */
export function summedBias(scope: Scope, bias: boolean): SummedBias {
  if (!bias) return { refresh() {}, copyGradient() {} };
  const a = scope.parameter("bias_ih"), b = scope.parameter("bias_hh"), n = a.size;
  const sum = scope.derived("bias_ih + bias_hh", 1, n);
  return {
    sum,
    columnSums: a.gradient,
    refresh(k) {
      k.add(sum.address, a.value.address, b.value.address, 1, n, n, n, n);
    },
    copyGradient: (k) => k.copy(b.gradient.address, a.gradient.address, 1, n, n, n),
  };
}

/** The biases of a GRU whose reset gate acts after the matmul: summed for r and u, separate for n. */
export interface SeparateBiases {
  /** Bias of the input projection. A cell without biases has none. */
  readonly sum?: Slot;
  /** `bias_hh` of the candidate, added before the reset gate acts; null for a cell without biases. */
  readonly candidate: Slot | null;
  /** The gradients where the cell adds the column sums of the gradients of r and u, and of nh. */
  readonly columnSums?: { readonly resetUpdate: Slot; readonly candidate: Slot };
  refresh(k: Kernels): void;
  /** Write the other gradients. dz has four blocks, r, u, nx, nh, and `rows` rows. Runs after the column sums. */
  completeGradients(k: Kernels, dz: Slot, rows: number): void;
}

/** Plans the biases of blocks r, u, n. With `bias` false there are none. */
export function separateBiases(scope: Scope, H: number, bias: boolean): SeparateBiases {
  if (!bias) return { candidate: null, refresh() {}, completeGradients() {} };
  const a = scope.parameter("bias_ih"), b = scope.parameter("bias_hh");
  const sum = scope.derived("bias", 1, 3 * H);
  return {
    sum,
    candidate: b.value.slice(2 * H, H),
    columnSums: { resetUpdate: a.gradient.slice(0, 2 * H), candidate: b.gradient.slice(2 * H, H) },
    refresh(k) {
      k.copy(sum.address, a.value.address, 1, 3 * H, 3 * H, 3 * H);
      k.add(sum.address, sum.address, b.value.address, 1, 2 * H, 2 * H, 2 * H, 2 * H);
    },
    completeGradients(k, dz, rows) {
      k.copy(b.gradient.address, a.gradient.address, 1, 2 * H, 2 * H, 2 * H);
      k.columnSums(a.gradient.slice(2 * H, H).address, dz.slice(2 * H, H).address, rows, H, dz.stride);
    },
  };
}
