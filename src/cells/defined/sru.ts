import { defineCell, type DefinedCell } from "../equations/define_cell.ts";

/**
 * The simple recurrent unit (Lei, Zhang, Wang, Dai & Artzi 2018, "Simple recurrent units for highly parallelizable
 * recurrence"). Gate order c, f, r, s; v_f and v_r are vectors:
 *
 *     f = sigmoid(x U_f + b_f + v_f c')              c' is the cell state before the step
 *     c = f c' + (1 - f) (x U_c + b_c)
 *     r = sigmoid(x U_r + b_r + v_r c')
 *     h = r c + (1 - r) (x U_s + b_s)                the paper has x itself where x has the width of h
 *
 * A step has no matmul: all matmuls are those of x, for all steps at once.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { sru } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(sru(), { input: 5, hidden: 7 });
 * assertEquals(Object.keys(parameters), ["weight_ih_l0", "bias_l0", "v_f_l0", "v_r_l0"]);
 * ```
 */
export function sru(): DefinedCell {
  return defineCell({
    name: "sru",
    gates: ["c", "f", "r", "s"],
    states: ["h", "cell"],
    bias: "one",
    vectors: { v_f: {}, v_r: {} },
    step({ x, cell, v_f, v_r }, { sigmoid }) {
      const f = sigmoid(x.f.plus(v_f.times(cell))), r = sigmoid(x.r.plus(v_r.times(cell)));
      const c = x.c.plus(f.times(cell.minus(x.c)));
      return { h: x.s.plus(r.times(c.minus(x.s))), cell: c };
    },
  });
}
