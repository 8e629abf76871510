import { defineCell, type DefinedCell } from "../equations/define_cell.ts";

/**
 * The minimal gated unit (Zhou, Wu, Zhang & Zhou 2016, "Minimal gated unit for recurrent neural networks"), a GRU with
 * one gate. Gate order f, c:
 *
 *     f = sigmoid(x U_f + h' W_f + b_f)              h' is the state before the step
 *     c = tanh(x U_c + (f h') W_c + b_c)
 *     h = h' + f (c - h')
 *
 * Two thirds of a GRU's parameters and time.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { minimalGatedUnit } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(minimalGatedUnit(), { input: 5, hidden: 7 });
 * assertEquals(parameters.weight_hh_l0.shape, [14, 7]);
 * ```
 */
export function minimalGatedUnit(): DefinedCell {
  return defineCell({
    name: "minimal-gated-unit",
    gates: ["f", "c"],
    states: ["h"],
    step({ x, W, h }, { sigmoid, tanh }) {
      const f = sigmoid(x.f.plus(W.f(h)));
      const c = tanh(x.c.plus(W.c(f.times(h))));
      return { h: h.plus(f.times(c.minus(h))) };
    },
  });
}
