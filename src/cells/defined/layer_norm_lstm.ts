import { defineCell, type DefinedCell } from "../equations/define_cell.ts";
import { forgetBias } from "../../ops/initialise.ts";

/**
 * The LSTM with layer normalisation (Ba, Kiros & Hinton 2016, "Layer normalization", equations 20 to 22). N_x, N_h and
 * N_c normalise to mean 0 and variance 1, times a gain, plus a bias; N_x and N_h all four gates together. Gate order
 * i, f, g, o:
 *
 *     z       = N_x(x U) + N_h(h' W)                 h', c' are the states before the step
 *     i, f, o = sigmoid(z_i, z_f, z_o),  g = tanh(z_g)
 *     c       = f c' + i g
 *     h       = o tanh(N_c(c))
 *
 * The gains and biases take the place of the LSTM's biases. The forget gate begins with a bias of 1. The size of states
 * and gradients does not depend on that of the weights, which helps with long sequences.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { layerNormLstm } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(layerNormLstm(), { input: 5, hidden: 7 });
 * assertEquals(parameters.norm_h_gain_l0.shape, [28]);
 * ```
 */
export function layerNormLstm(): DefinedCell {
  return defineCell({
    name: "layer-norm-lstm",
    gates: ["i", "f", "g", "o"],
    states: ["h", "c"],
    bias: false,
    norms: { norm_x: { values: 4, initialBias: forgetBias(1) }, norm_h: { values: 4 }, norm_c: { values: 1 } },
    step({ x, W, h, c, norm_x, norm_h, norm_c }, { sigmoid, tanh }) {
      const fromX = norm_x([x.i, x.f, x.g, x.o]), fromH = norm_h([W.i(h), W.f(h), W.g(h), W.o(h)]);
      const [zi, zf, zg, zo] = fromX.map((value, gate) => value.plus(fromH[gate]));
      const next = sigmoid(zf).times(c).plus(sigmoid(zi).times(tanh(zg)));
      return { h: sigmoid(zo).times(tanh(norm_c([next])[0])), c: next };
    },
  });
}
