import type { Cell, CellContext } from "./cell.ts";
import { equationsCell } from "./equations/equations_cell.ts";
import type { Expression } from "./equations/expression.ts";
import { type FusedKernel, planFused } from "./equations/products.ts";
import { type GruOptions, gruSettings } from "./gru_options.ts";

/**
 * Gated recurrent unit (Cho et al. 2014). Gate order r, u, n (PyTorch calls u z):
 *
 *     r, u = sigmoid(x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh)          h' is the state before the step
 *     n    = tanh(x W_inᵀ + b_in + r (h' W_hnᵀ + b_hn))         reset "after": version 1 of the paper, cuDNN, PyTorch
 *     n    = tanh(x W_inᵀ + b_in + b_hn + (r h') W_hnᵀ)         reset "before": version 3, the notes, ONNX's default
 *     h    = (1 - u) n + u h'
 *
 * The update gate of the lecture notes is 1 - u (`notesGru`). Backward, with dh the gradient of h and a' the gradient
 * of a before activation:
 *
 *     dn' = dh (1 - u) (1 - n²),   du' = dh (h' - n) u (1 - u)
 *     after:   dr' = dn' (h' W_hnᵀ + b_hn) r (1 - r),   dh' = dh u + [dr', du', dn' r] W_hh
 *     before:  q = dn' W_hn,   dr' = q h' r (1 - r),    dh' = dh u + q r + [dr', du'] W_hh
 *
 * `activations` are other nonlinearities of the gates and of n; with `clip` their arguments are clamped to
 * [-clip, clip].
 *
 * Memory per step in training, in floats: 4 B H for the gates, B H for h, B H for the gradient of h; with `clip` or
 * other nonlinearities, up to 3 B H for the gates' arguments.
 *
 * @throws {OptionError} When an option has an unknown value.
 *
 * @example
 * ```ts
 * import { gru, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(gru({ reset: "before" }), { input: 5, hidden: 7 });
 * assertEquals(rnn.parameters.weight_hh_l0.shape, [21, 7]);
 * ```
 */
export function gru(options: GruOptions = {}): Cell {
  const settings = gruSettings(options), { name, bias, clip, reset, activations } = settings;
  const cell = equationsCell({
    name,
    gates: ["r", "u", "n"],
    states: { h: "H" },
    bias,
    step({ x, W, h }, { activation, clamp, multiplyAdd }) {
      const limited = (z: Expression) => clip === undefined ? z : clamp(z, clip);
      const r = activation(limited(x.r.plus(W.r(h))), activations.gates);
      const u = activation(limited(x.u.plus(W.u(h))), activations.gates);
      const product = reset === "after" ? r.times(W.n(h)) : W.n(r.times(h));
      const n = activation(limited(x.n.plus(product)), activations.candidate);
      const change = h.minus(n);
      return { h: settings.plain ? multiplyAdd(n, u, change) : n.plus(u.times(change)) };
    },
  });
  const isFused = settings.plain && reset === "after";
  return {
    ...cell,
    description: { kind: "gru", ...settings },
    plan: (context) => isFused ? planFused(context, cell.equations, fusedKernel(context)) : cell.plan(context),
  };
}

/**
 * The fused kernel of the plain cell. z has a fourth block nh = h' W_hnᵀ + b_hn, because r scales nh before nh is added
 * to the projection's n.
 */
function fusedKernel({ H, z, states: [h], gradients: [dh] }: CellContext): FusedKernel {
  return {
    forward(k, t, B, n) {
      k.gruForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
    },
    backward(k, t, B, n) {
      k.gruBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), n, H, z.stride, h.stride);
    },
  };
}
