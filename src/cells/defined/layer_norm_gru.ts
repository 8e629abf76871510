import { defineCell, type DefinedCell } from "../equations/define_cell.ts";

/**
 * The GRU with layer normalisation (Ba, Kiros & Hinton 2016, "Layer normalization", after equation 22). N_x and N_h
 * normalise the three gates together to mean 0 and variance 1, times a gain, plus a bias. Gate order r, u, n, as in
 * `gru`; the reset gate acts after the matmul:
 *
 *     a = N_x(x U),  q = N_h(h' W)                   h' is the state before the step
 *     r = sigmoid(a_r + q_r),  u = sigmoid(a_u + q_u)
 *     n = tanh(a_n + r q_n)
 *     h = n + u (h' - n)
 *
 * The gains and biases take the place of the GRU's biases.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { layerNormGru } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(layerNormGru(), { input: 5, hidden: 7 });
 * assertEquals(parameters.norm_x_gain_l0.shape, [21]);
 * ```
 */
export function layerNormGru(): DefinedCell {
  return defineCell({
    name: "layer-norm-gru",
    gates: ["r", "u", "n"],
    states: ["h"],
    bias: false,
    norms: { norm_x: { values: 3 }, norm_h: { values: 3 } },
    step({ x, W, h, norm_x, norm_h }, { sigmoid, tanh }) {
      const [ar, au, an] = norm_x([x.r, x.u, x.n]), [qr, qu, qn] = norm_h([W.r(h), W.u(h), W.n(h)]);
      const r = sigmoid(ar.plus(qr)), u = sigmoid(au.plus(qu));
      const n = tanh(an.plus(r.times(qn)));
      return { h: n.plus(u.times(h.minus(n))) };
    },
  });
}
