import { defineCell, type DefinedCell } from "../equations/define_cell.ts";

/**
 * minLSTM (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs all we needed?"), an LSTM without cell state
 * whose gates read the input alone and are normalised to a sum of 1. Gate order f, i, n:
 *
 *     f, i = sigmoid(x U_f + b_f, x U_i + b_i)
 *     n    = x U_n + b_n
 *     h    = f / (f + i) h' + i / (f + i) n          h' is the state before the step
 *
 * A step has no matmul and no nonlinearity.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { minLstm } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(minLstm(), { input: 5, hidden: 7 });
 * assertEquals(parameters.weight_ih_l0.shape, [21, 5]);
 * ```
 */
export function minLstm(): DefinedCell {
  return defineCell({
    name: "min-lstm",
    gates: ["f", "i", "n"],
    states: ["h"],
    bias: "one",
    step({ x, h }, { sigmoid }) {
      const f = sigmoid(x.f), i = sigmoid(x.i), sum = f.plus(i);
      return { h: f.divide(sum).times(h).plus(i.divide(sum).times(x.n)) };
    },
  });
}
