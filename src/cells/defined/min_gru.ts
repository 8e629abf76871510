import { defineCell, type DefinedCell } from "../equations/define_cell.ts";

/**
 * minGRU (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs all we needed?"), a GRU whose gates read the
 * input alone. Gate order z, n:
 *
 *     z = sigmoid(x U_z + b_z)
 *     n = x U_n + b_n
 *     h = (1 - z) h' + z n                           h' is the state before the step
 *
 * A step has no matmul and no nonlinearity.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { minGru } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(minGru(), { input: 5, hidden: 7 });
 * assertEquals(Object.keys(parameters), ["weight_ih_l0", "bias_l0"]);
 * ```
 */
export function minGru(): DefinedCell {
  return defineCell({
    name: "min-gru",
    gates: ["z", "n"],
    states: ["h"],
    bias: "one",
    step({ x, h }, { sigmoid, oneMinus }) {
      const z = sigmoid(x.z);
      return { h: oneMinus(z).times(h).plus(z.times(x.n)) };
    },
  });
}
