import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";

/**
 * The recurrent matmul of a cell, h' W_hhᵀ with the output h' before each step, and its gradients. z and its gradient
 * are slots of T steps. Of the B rows of step t the first n are active.
 */
export interface RecurrentLinear {
  /** Renew the packed copies of the weight. */
  refresh(k: Kernels): void;
  /** z(t) += h(t) Wᵀ */
  forward(k: Kernels, z: Slot, t: number, B: number, n: number): void;
  /** dh(t) += dz(t) W */
  backward(k: Kernels, dz: Slot, t: number, B: number, n: number): void;
  /** dW += the sum of dz(t)ᵀ h(t) over T steps, the last row first. `biasGradient` += the column sums of dz. */
  gradient(k: Kernels, dz: Slot, T: number, B: number, biasGradient?: Slot): void;
}

/** Options of a recurrent matmul. */
export interface RecurrentLinearOptions {
  /** The rows of the weight, and the columns of z, that the matmul uses: some gates of a cell. @default all */
  readonly rows?: { readonly from: number; readonly count: number };
  /** When given, forward writes z(t) = h(t) Wᵀ + bias instead of adding to z. `null`: no bias. */
  readonly bias?: Slot | null;
  /**
   * The factor instead of h: a saved activation of T steps. Each step overwrites its gradient `[B, width]`.
   * @default h
   */
  readonly input?: { readonly value: Slot; readonly gradient: Slot };
}

/** The left factor of a layer's recurrent matmuls: the states before the steps. */
export interface RecurrentInput {
  /** States `[T + 1, B, width]`. */
  readonly h: Slot;
  /** Their gradient. */
  readonly dh: Slot;
  /** The mask `[B, width]` of recurrent dropout. */
  readonly mask?: Slot;
  /** See `CellContext.savedActivation`. */
  savedActivation(name: string, columns: number): Slot;
}

/**
 * The matmul of a weight with h, or with `input`. With a mask, the factor is first multiplied by the mask (Gal &
 * Ghahramani 2016).
 */
export function recurrentLinear(
  scope: Scope,
  weight: ParameterSlot,
  { h, dh, mask, savedActivation }: RecurrentInput,
  { rows, bias, input }: RecurrentLinearOptions = {},
): RecurrentLinear {
  const matmul = linear(scope, weight, { rows, bias: bias ?? undefined });
  const accumulate = bias === undefined, width = weight.shape[1];
  const source = input?.value ?? h;
  const factor = mask ? savedActivation(`masked ${source.name}`, width) : source;
  const dFactor = mask && scope.train
    ? scope.activation(`gradient of masked ${source.name}`, scope.batch, width)
    : undefined;

  return {
    refresh: matmul.refresh,

    forward(k, z, t, B, n) {
      if (mask) {
        const from = source.step(t, B);
        k.multiply(factor.step(t, B), from, mask.address, n, width, factor.stride, source.stride, mask.stride);
      }
      matmul.forward(k, z, z.row(t, B), factor, factor.row(t, B), n, accumulate);
    },

    backward(k, dz, t, B, n) {
      const to = input?.gradient ?? dh, row = input ? 0 : dh.row(t, B);
      if (!mask || !dFactor) return matmul.backward(k, to, row, dz, dz.row(t, B), n, !input);
      matmul.backward(k, dFactor, 0, dz, dz.row(t, B), n);
      const args = [dFactor.address, mask.address, n, width, to.stride, dFactor.stride, mask.stride] as const;
      if (input) k.multiply(to.at(row), ...args);
      else k.multiplyAdd(to.at(row), ...args);
    },

    gradient: (k, dz, T, B, biasGradient) => matmul.gradient(k, dz, 0, factor, factor.row(0, B), T * B, biasGradient),
  };
}
