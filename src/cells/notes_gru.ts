import { type EquationsCell, equationsCell } from "./equations/equations_cell.ts";

/**
 * The gated recurrent unit to the letter of the lecture notes. Gate order z, r, h:
 *
 *     z  = sigmoid(x U^z + h' W^z)                  h' is the state before the step
 *     r  = sigmoid(x U^r + h' W^r)
 *     h~ = tanh(x U^h + (r h') W^h)                 reset acts before the matmul
 *     h  = (1 - z) h' + z h~                        the update gate is everyone else's 1 - z
 *
 * z = 0 leaves the state unchanged; r = 1, z = 1 makes a simple recurrent net. For the simple net the notes say "update
 * gate to all 0's", which is true where h = (1 - u) n + u h': for `gru`, PyTorch and ONNX.
 *
 * The cell has no biases. The notes multiply rows from the left, x U^z with U^z `[I, H]`. The parameters `U` `[3 H, I]`
 * and `W` `[3 H, H]` are the transposes, one block below the other, like all weights of this library. Their initial
 * values are uniform in ±1 / sqrt(H).
 *
 * Backward, with dh the gradient of h and a' the gradient of a before activation:
 *
 *     dz'  = dh (h~ - h') z (1 - z),   dh~' = dh z (1 - h~²)
 *     q    = the gradient of r h' = dh~' W^hᵀ,   dr' = q h' r (1 - r)
 *     dh'  = dh (1 - z) + q r + dz' W^zᵀ + dr' W^rᵀ
 *     dU^z = sum over steps of xᵀ dz',   dW^z = sum of h'ᵀ dz',   dW^h = sum of (r h')ᵀ dh~',   and so on
 *
 * Memory per step in training, in floats: 3 B H for the gates, B H each for r h', h and the gradient of h.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { notesGru } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(notesGru(), { input: 5, hidden: 7 });
 * assertEquals(parameters.U_l0.shape, [21, 5]);
 * assertEquals(parameters.W_l0.shape, [21, 7]);
 * ```
 */
export function notesGru(): EquationsCell {
  const cell = equationsCell({
    name: "notes-gru",
    gates: ["z", "r", "h"],
    states: { h: "H" },
    bias: false,
    weightNames: ["U", "W"],
    step({ x, W, h }, { sigmoid, tanh }) {
      const z = sigmoid(x.z.plus(W.z(h)));
      const r = sigmoid(x.r.plus(W.r(h)));
      const c = tanh(x.h.plus(W.h(r.times(h)))); // h~
      return { h: h.plus(z.times(c.minus(h))) };
    },
  });
  return { ...cell, description: { kind: "notesGru" } };
}
