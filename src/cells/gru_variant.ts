import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { nonlinearity } from "../ops/activation.ts";
import { gate } from "../ops/gate.ts";
import { Step } from "../ops/step.ts";
import type { CellContext } from "./cell.ts";
import type { GruSettings } from "./gru_options.ts";

/** An operation on the first n of the B rows of step t. */
type StepFunction = (k: Kernels, t: number, B: number, n: number) => void;

/**
 * The gates of a GRU in two halves. When reset acts before the candidate's matmul, that matmul runs between the
 * halves.
 */
export interface GruGates {
  /** r = S(z_r); reset "before": also r h' */
  readonly reset: StepFunction;
  /** u = S(z_u),  n = N(z_n), or N(z_n + r nh) when reset acts after,  h = n + u (h' - n) */
  readonly update: StepFunction;
  /** Backward of `update`: dz_u = dh (h' - n) S',  dz_n = (dh - dh u) N',  dh' += dh u */
  readonly updateBackward: StepFunction;
  /**
   * Backward of `reset`: "before": dz_r = d(r h') h' S', dh' += d(r h') r; "after": dz_r = dz_n nh S', dnh = dz_n r
   */
  readonly resetBackward: StepFunction;
}

/**
 * The gates of `gru` with nonlinearities S and N instead of sigmoid and tanh, their arguments clamped when `clip` is
 * given: one kernel an operation. Reset acts before the matmul when a slot `rh` for r h' is given.
 */
export function gruGates(
  context: CellContext,
  { clip, activations }: GruSettings,
  rh?: { readonly value: Slot; readonly gradient: Slot },
): GruGates {
  const { scope, H, z, states: [h], gradients: [dh] } = context;
  const S = nonlinearity(scope, activations.gates), N = nonlinearity(scope, activations.candidate);
  const r = gate(context, 0, H, S, { clip }),
    u = gate(context, H, H, S, { clip }),
    n = gate(context, 2 * H, H, N, { clip });
  const nh = z.slice(3 * H, H);
  const scratch = scope.scratch("gradients of gates", scope.batch, 2 * H);
  const d = scratch.slice(0, H), e = scratch.slice(H, H);
  return {
    reset(k, t, B, rows) {
      const s = new Step(k, t, B, rows), ar = r.forward(s);
      if (rh) s.multiply(s.now(rh.value), ar, s.now(h));
    },

    update(k, t, B, rows) {
      const s = new Step(k, t, B, rows), h0 = s.now(h), h1 = s.next(h);
      if (!rh) s.multiplyAdd(n.now(s), r.now(s), s.now(nh));
      const au = u.forward(s), an = n.forward(s);
      s.subtract(h1, h0, an);
      s.multiply(h1, au, h1);
      s.add(h1, an, h1);
    },

    updateBackward(k, t, B, rows) {
      const s = new Step(k, t, B, rows), dh1 = s.next(dh), dh0 = s.now(dh);
      s.subtract(e, s.now(h), n.now(s));
      s.multiply(e, dh1, e);
      s.multiply(d, dh1, u.now(s));
      s.add(dh0, dh0, d);
      s.subtract(d, dh1, d);
      u.backward(s, e);
      n.backward(s, d);
    },

    resetBackward(k, t, B, rows) {
      const s = new Step(k, t, B, rows), ar = r.now(s), dn = n.now(s);
      if (rh) {
        s.multiplyAdd(s.now(dh), rh.gradient, ar);
        s.multiply(d, rh.gradient, s.now(h));
      } else {
        s.multiply(d, dn, s.now(nh));
        s.multiply(s.now(nh), dn, ar);
      }
      r.backward(s, d);
    },
  };
}
