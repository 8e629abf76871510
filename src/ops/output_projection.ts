import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";

/**
 * h = m W_hrᵀ: the output of a cell is a narrow projection of m, the output of its H units (Sak, Senior & Beaufays
 * 2014).
 */
export interface OutputProjection {
  /** The unprojected output `[T * B, H]`. The cell writes it at each step. */
  readonly m: Slot;
  /** The gradient of m, `[B, H]`, in training. */
  readonly dm?: Slot;
  refresh(k: Kernels): void;
  /** Compute state t + 1 from m. */
  forward(k: Kernels, t: number, B: number, n: number): void;
  /** Compute the gradient of m from that of state t + 1. */
  backward(k: Kernels, t: number, B: number, n: number): void;
  /** Add to the gradient of the weight. */
  gradient(k: Kernels, T: number, B: number): void;
}

/** The memory of the projection's cell: a part of `CellContext`. */
export interface OutputContext {
  readonly scope: Scope;
  readonly H: number;
  readonly states: readonly Slot[];
  readonly gradients: readonly Slot[];
  savedActivation(name: string, columns: number): Slot;
}

/** Plans the projection of a cell whose first state has width P, with parameter `weight_hr` `[P, H]`. */
export function outputProjection(
  { scope, H, states: [h], gradients: [dh], savedActivation }: OutputContext,
): OutputProjection {
  const matmul = linear(scope, scope.parameter("weight_hr"));
  const m = savedActivation("unprojected h", H);
  const dm = scope.train ? scope.activation("gradient of unprojected h", scope.batch, H) : undefined;
  const dhs = scope.train ? savedActivation("gradients of h", h.columns) : undefined;
  return {
    m,
    dm,
    refresh: matmul.refresh,
    forward: (k, t, B, n) => matmul.forward(k, h, h.row(t + 1, B), m, m.row(t, B), n),
    backward(k, t, B, n) {
      k.copy(dhs!.step(t, B), dh.step(t + 1, B), n, dh.columns, dhs!.stride, dh.stride);
      matmul.backward(k, dm!, 0, dhs!, dhs!.row(t, B), n);
    },
    gradient: (k, T, B) => matmul.gradient(k, dhs!, 0, m, 0, T * B),
  };
}
