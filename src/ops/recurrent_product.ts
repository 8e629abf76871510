import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";

/**
 * A cell's product with the state before each step, h' W_hhᵀ, and its gradients. `z` and its gradient are slots of T steps; of the B
 * rows of step t the first n take part.
 */
export interface RecurrentProduct {
  refresh(k: Kernels): void;
  /** z(t) += h(t) Wᵀ */
  forward(k: Kernels, z: Slot, t: number, B: number, n: number): void;
  /** dh(t) += dz(t) W */
  backward(k: Kernels, dz: Slot, t: number, B: number, n: number): void;
  /** dW += the sum of dz(t)ᵀ h(t) over T steps, the last row first. */
  gradient(k: Kernels, dz: Slot, T: number, B: number): void;
}

/** What a recurrent product works on: the states before the steps, their gradients, and which rows of the weight. */
export interface RecurrentProductOptions {
  readonly h: Slot;
  readonly dh: Slot;
  readonly rows?: { readonly from: number; readonly count: number };
  /** When given, forward writes z(t) = h(t) Wᵀ + bias instead of adding to z; `null` for no bias. */
  readonly bias?: Slot | null;
}

/** The product of a weight `[gates * H, H]` with h. */
export function recurrentProduct(
  scope: Scope,
  weight: ParameterSlot,
  { h, dh, rows, bias }: RecurrentProductOptions,
): RecurrentProduct {
  const product = linear(scope, weight, { rows, bias: bias ?? undefined });
  const accumulate = bias === undefined;
  return {
    refresh: product.refresh,
    forward: (k, z, t, B, n) => product.forward(k, z, z.row(t, B), h, h.row(t, B), n, accumulate),
    backward: (k, dz, t, B, n) => product.backward(k, dh, dh.row(t, B), dz, dz.row(t, B), n, true),
    gradient: (k, dz, T, B) => product.gradient(k, dz, 0, h, h.row(0, B), T * B),
  };
}
