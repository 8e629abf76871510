import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";

/** h = m W_hrᵀ: a cell's output is a narrow picture of what its H units let out, m (Sak, Senior & Beaufays 2014). */
export interface OutputProjection {
  /** What is projected, `[T * B, H]`: the cell fills it at each step. */
  readonly m: Slot;
  /** Its gradient, `[B, H]`, when training. */
  readonly dm?: Slot;
  refresh(k: Kernels): void;
  /** From m to state t + 1. */
  forward(k: Kernels, t: number, B: number, n: number): void;
  /** From the gradient of state t + 1 to that of m. */
  backward(k: Kernels, t: number, B: number, n: number): void;
  gradient(k: Kernels, T: number, B: number): void;
}

/** What the projection needs of its cell's memory. */
export interface OutputContext {
  readonly scope: Scope;
  readonly H: number;
  readonly states: readonly Slot[];
  readonly gradients: readonly Slot[];
  savedActivation(name: string, columns: number): Slot;
}

/** The projection with parameter `weight_hr` `[P, H]` of a cell whose first state has width P. */
export function outputProjection(
  { scope, H, states: [h], gradients: [dh], savedActivation }: OutputContext,
): OutputProjection {
  const product = linear(scope, scope.parameter("weight_hr"));
  const m = savedActivation("unprojected h", H);
  const dm = scope.train ? scope.activation("gradient of unprojected h", scope.batch, H) : undefined;
  const dhs = scope.train ? savedActivation("gradients of h", h.columns) : undefined;
  return {
    m,
    dm,
    refresh: product.refresh,
    forward: (k, t, B, n) => product.forward(k, h, h.row(t + 1, B), m, m.row(t, B), n),
    backward(k, t, B, n) {
      k.copy(dhs!.step(t, B), dh.step(t + 1, B), n, dh.columns, dhs!.stride, dh.stride);
      product.backward(k, dm!, 0, dhs!, dhs!.row(t, B), n);
    },
    gradient: (k, T, B) => product.gradient(k, dhs!, 0, m, 0, T * B),
  };
}
