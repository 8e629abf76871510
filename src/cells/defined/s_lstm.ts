import { defineCell, type DefinedCell } from "../equations/define_cell.ts";
import { forgetBias } from "../../ops/initialise.ts";

/**
 * The sLSTM of xLSTM (Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter & Hochreiter 2024,
 * "xLSTM: extended long short-term memory", equations 8 to 17), an LSTM with an exponential input gate, a normaliser n
 * and a stabiliser m. Gate order i, f, g, o:
 *
 *     a    = x U + b + h' W                          h', c', n', m' are the states before the step
 *     g    = tanh(a_g),  o = sigmoid(a_o)
 *     m    = max(log sigmoid(a_f) + m', a_i)
 *     i    = exp(a_i - m),  f = exp(log sigmoid(a_f) + m' - m)
 *     c    = f c' + i g,  n = f n' + i
 *     h    = o c / n
 *
 * W is one full matrix: one head. The exponential gate can revise what is stored. n' begins at 0.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { sLstm } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { states } = recurrent(sLstm(), { input: 5, hidden: 7 });
 * assertEquals(states!.map(({ name }) => name), ["h_l0", "c_l0", "n_l0", "m_l0"]);
 * ```
 */
export function sLstm(): DefinedCell {
  return defineCell({
    name: "s-lstm",
    gates: ["i", "f", "g", "o"],
    states: ["h", "c", "n", "m"],
    bias: "one",
    initial: { bias: forgetBias(1) },
    step({ x, W, h, c, n, m }, { sigmoid, tanh, softplus, exp, maximum }) {
      const ai = x.i.plus(W.i(h)), af = x.f.plus(W.f(h));
      const g = tanh(x.g.plus(W.g(h))), o = sigmoid(x.o.plus(W.o(h)));
      const kept = m.minus(softplus(af.times(-1))); // log sigmoid(a) = -softplus(-a)
      const next = maximum(kept, ai);
      const i = exp(ai.minus(next)), f = exp(kept.minus(next));
      const c1 = f.times(c).plus(i.times(g)), n1 = f.times(n).plus(i);
      return { h: o.times(c1.divide(n1)), c: c1, n: n1, m: next };
    },
  });
}
