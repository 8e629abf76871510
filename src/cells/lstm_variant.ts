import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { nonlinearity } from "../ops/activation.ts";
import { gate } from "../ops/gate.ts";
import type { OutputProjection } from "../ops/output_projection.ts";
import { peephole } from "../ops/peephole.ts";
import { Step } from "../ops/step.ts";
import type { CellContext } from "./cell.ts";
import type { LstmSettings } from "./lstm_options.ts";

/** The gates of an LSTM: from z to the states, and backward. */
export interface LstmGates {
  forward(k: Kernels, t: number, B: number, n: number): void;
  backward(k: Kernels, t: number, B: number, n: number): void;
  gradients(k: Kernels, T: number, B: number): void;
}

/**
 * The LSTM with all options of ONNX's operator `LSTM`: one kernel an operation. Gate order i, f, g, o. S, G, Q are the
 * nonlinearities of the gates, of the input and of c:
 *
 *     z = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h', c' are the states before the step
 *     i = S(z_i + p_i c'),  f = S(z_f + p_f c')     the vectors p: `peepholes` (Gers & Schmidhuber 2000), else 0
 *     g = G(z_g)
 *     c = f c' + i g                                `coupled`: c = c' + i (g - c'), which is f = 1 - i
 *     o = S(z_o + p_o c)
 *     h = o Q(c)                                    with `projection`: h = m W_hrᵀ, m = o Q(c)
 *
 * With `clip` the arguments of S and G are clamped to [-clip, clip]. The argument of Q is not clamped, as in
 * onnxruntime.
 *
 * Backward, with dh, dc and dm the gradients of h, c and m, and S' = 0 where the argument was clamped:
 *
 *     dz_o = dm Q(c) S'(o),   dc += dm o Q'(c) + p_o dz_o
 *     dz_i = dc g S'(i),   dz_f = dc c' S'(f),   dz_g = dc i G'(g)          `coupled`: dz_i = dc (g - c') S'(i)
 *     dc'  = dc f + p_i dz_i + p_f dz_f,   dh' = dz W_hh
 *     dp_i = sum over steps and rows of dz_i c',   dp_f = sum of dz_f c',   dp_o = sum of dz_o c
 *
 * `weight_peephole` `[3, H]` has rows in gate order, i, f, o (ONNX's P: i, o, f). A coupled cell has no parameters of
 * f: weights and biases are blocks i, g, o, peepholes are rows i, o. ONNX's tensors have an f that is never read.
 *
 * Memory per step in training, in floats: as much as `lstm`, and B H for the argument of each gate with `clip` or
 * with a nonlinearity whose gradient reads the argument.
 */
export function lstmGates(
  context: CellContext,
  { peepholes, coupled, clip, activations }: LstmSettings,
  Qc: Slot,
  projected?: OutputProjection,
): LstmGates {
  const { scope, H, states: [h, c], gradients: [dh, dc] } = context;
  const [S, G, Q] = [activations.gates, activations.cell, activations.hidden].map((f) => nonlinearity(scope, f));
  const p = peepholes ? scope.parameter("weight_peephole") : undefined, last = coupled ? 2 : 3;
  const peepholeGate = (block: number, row: number) =>
    gate(context, block * H, H, S, { clip, peephole: p && peephole(scope, p, row) });
  const i = peepholeGate(0, 0);
  const f = coupled ? undefined : peepholeGate(1, 1);
  const o = peepholeGate(last, last - 1);
  const g = gate(context, (last - 1) * H, H, G, { clip });
  const scratch = scope.scratch("gradients of gates", scope.batch, 2 * H);
  const d = scratch.slice(0, H), e = scratch.slice(H, H);
  return {
    forward(k, t, B, n) {
      const s = new Step(k, t, B, n), c0 = s.now(c), c1 = s.next(c), m = projected ? s.now(projected.m) : s.next(h);
      const ai = i.forward(s, c0), af = f?.forward(s, c0), ag = g.forward(s);
      if (af) {
        s.multiply(c1, af, c0);
        s.multiplyAdd(c1, ai, ag);
      } else {
        s.subtract(c1, ag, c0);
        s.multiply(c1, ai, c1);
        s.add(c1, c0, c1);
      }
      const ao = o.forward(s, c1);
      s.activate(Q, s.now(Qc), c1);
      s.multiply(m, ao, s.now(Qc));
    },

    backward(k, t, B, n) {
      const s = new Step(k, t, B, n), c0 = s.now(c), dm = projected?.dm ?? s.next(dh);
      s.multiply(d, dm, o.now(s));
      s.activateBackward(Q, d, d, s.now(Qc), s.next(c));
      s.add(dc, dc, d);
      s.multiply(d, dm, s.now(Qc));
      o.backward(s, d, dc);
      // dc is complete. e becomes the gradient of c', d the gradient of f and then of i.
      if (f) {
        s.multiply(e, dc, f.now(s));
        s.multiply(d, dc, c0);
        f.backward(s, d, e);
        s.multiply(d, dc, g.now(s));
      } else {
        s.multiply(e, dc, i.now(s));
        s.subtract(e, dc, e);
        s.subtract(d, g.now(s), c0);
        s.multiply(d, dc, d);
      }
      s.multiply(dc, dc, i.now(s));
      g.backward(s, dc);
      i.backward(s, d, e);
      s.copy(dc, e);
    },

    gradients(k, T, B) {
      i.gradient(k, c, c.row(0, B), T * B);
      f?.gradient(k, c, c.row(0, B), T * B);
      o.gradient(k, c, c.row(1, B), T * B);
    },
  };
}
