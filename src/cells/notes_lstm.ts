import { type EquationsCell, equationsCell } from "./equations/equations_cell.ts";

/**
 * The LSTM to the letter of the lecture notes. Gate order i, f, o, g:
 *
 *     i  = sigmoid(x U^i + h' W^i)                  h', C' are the states before the step
 *     f  = sigmoid(x U^f + h' W^f)
 *     o  = sigmoid(x U^o + h' W^o)
 *     C~ = tanh(x U^g + h' W^g)
 *     C  = sigmoid(f C' + i C~)
 *     h  = tanh(C) o
 *
 * The outer sigmoid is a slip of the notes: Olah, the notes' source, PyTorch, ONNX and Keras all have C = f C' + i C~,
 * which is `lstm`. With the outer sigmoid C stays between 0 and 1, cannot count, and fades even where f is 1.
 *
 * The cell has no biases. The notes multiply rows from the left, x U^i with U^i `[I, H]`. The parameters `U` `[4 H, I]`
 * and `W` `[4 H, H]` are the transposes, one block below the other, like all weights of this library. Their initial
 * values are uniform in ±1 / sqrt(H).
 *
 * Backward, with dh and dC the gradients of h and C, and a' the gradient of a before activation:
 *
 *     do'  = dh tanh(C) o (1 - o),   dC += dh o (1 - tanh(C)²)
 *     s    = the gradient of f C' + i C~ = dC C (1 - C)
 *     di'  = s C~ i (1 - i),   df' = s C' f (1 - f),   dC~' = s i (1 - C~²)
 *     dC'  = s f,   dh' = di' W^iᵀ + df' W^fᵀ + do' W^oᵀ + dC~' W^gᵀ
 *     dU^i = sum over steps of xᵀ di',   dW^i = sum of h'ᵀ di',   and so on
 *
 * Memory per step in training, in floats: 4 B H for the gates, B H each for h, C, tanh(C) and the gradient of h.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { notesLstm } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(notesLstm(), { input: 5, hidden: 7 });
 * assertEquals(parameters.U_l0.shape, [28, 5]);
 * assertEquals(parameters.W_l0.shape, [28, 7]);
 * ```
 */
export function notesLstm(): EquationsCell {
  const cell = equationsCell({
    name: "notes-lstm",
    gates: ["i", "f", "o", "g"],
    states: { h: "H", c: "H" },
    bias: false,
    weightNames: ["U", "W"],
    step({ x, W, h, c: C }, { sigmoid, tanh }) {
      const i = sigmoid(x.i.plus(W.i(h)));
      const f = sigmoid(x.f.plus(W.f(h)));
      const o = sigmoid(x.o.plus(W.o(h)));
      const g = tanh(x.g.plus(W.g(h)));
      const c = sigmoid(f.times(C).plus(i.times(g)));
      return { h: tanh(c).times(o), c };
    },
  });
  return { ...cell, description: { kind: "notesLstm" } };
}
