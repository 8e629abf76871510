import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";

/**
 * A cell's product with what it had before each step, h' W_hhᵀ, and its gradients. `z` and its gradient are slots of T steps; of the
 * B rows of step t the first n take part.
 */
export interface RecurrentLinear {
  /** Renew the packed copies of the weight. */
  refresh(k: Kernels): void;
  /** z(t) += h(t) Wᵀ */
  forward(k: Kernels, z: Slot, t: number, B: number, n: number): void;
  /** dh(t) += dz(t) W */
  backward(k: Kernels, dz: Slot, t: number, B: number, n: number): void;
  /** dW += the sum of dz(t)ᵀ h(t) over T steps, the last row first; and `sums` += the column sums of dz. */
  gradient(k: Kernels, dz: Slot, T: number, B: number, sums?: Slot): void;
}

/** Options of a recurrent product. */
export interface RecurrentLinearOptions {
  /** The rows of the weight, and columns of z, that take part: some gates of a cell. Default all. */
  readonly rows?: { readonly from: number; readonly count: number };
  /** When given, forward writes z(t) = h(t) Wᵀ + bias instead of adding to z; `null` for no bias. */
  readonly bias?: Slot | null;
  /** What is multiplied instead of h: a kept slot of T steps; its gradient, `[B, width]`, is overwritten at each step. */
  readonly of?: { readonly value: Slot; readonly gradient: Slot };
}

/** What a layer brings along: the states before the steps, their gradients, and the mask of recurrent dropout, `[B, width]`. */
export interface ProductSource {
  readonly h: Slot;
  readonly dh: Slot;
  readonly mask?: Slot;
  keep(name: string, columns: number): Slot;
}

/** The product of a weight with h, or with `of`, each first multiplied by the mask where there is one (Gal & Ghahramani 2016). */
export function recurrentProduct(
  scope: Scope,
  weight: ParameterSlot,
  { h, dh, mask, keep }: ProductSource,
  { rows, bias, of }: RecurrentLinearOptions = {},
): RecurrentLinear {
  const product = linear(scope, weight, { rows, bias: bias ?? undefined });
  const accumulate = bias === undefined, width = weight.shape[1];
  const source = of?.value ?? h;
  const read = mask ? keep(`masked ${source.name}`, width) : source;
  const dRead = mask && scope.train
    ? scope.activation(`gradient of masked ${source.name}`, scope.batch, width)
    : undefined;

  return {
    refresh: product.refresh,

    forward(k, z, t, B, n) {
      if (mask) {
        const from = source.step(t, B);
        k.multiply(read.step(t, B), from, mask.address, n, width, read.stride, source.stride, mask.stride);
      }
      product.forward(k, z, z.row(t, B), read, read.row(t, B), n, accumulate);
    },

    backward(k, dz, t, B, n) {
      const to = of?.gradient ?? dh, row = of ? 0 : dh.row(t, B);
      if (!mask || !dRead) return product.backward(k, to, row, dz, dz.row(t, B), n, !of);
      product.backward(k, dRead, 0, dz, dz.row(t, B), n);
      const args = [dRead.address, mask.address, n, width, to.stride, dRead.stride, mask.stride] as const;
      if (of) k.multiply(to.at(row), ...args);
      else k.multiplyAdd(to.at(row), ...args);
    },

    gradient: (k, dz, T, B, sums) => product.gradient(k, dz, 0, read, read.row(0, B), T * B, sums),
  };
}
