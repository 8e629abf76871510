import { nonlinearity } from "../ops/activation.ts";
import { uniform } from "../ops/initialise.ts";
import { Step } from "../ops/step.ts";
import type { Cell } from "./cell.ts";

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
export function notesLstm(): Cell {
  return {
    name: "notes-lstm",
    description: { kind: "notesLstm" },
    gates: 4,
    inputWeight: "U",
    states: (H) => ({ h: H, c: H }),

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return { U: { shape: [4 * H, I], initial }, W: { shape: [4 * H, H], initial } };
    },

    plan({ scope, H, z, states: [h, C], gradients: [dh, dC], recurrentLinear, savedActivation }) {
      const recurrent = recurrentLinear("W");
      const sigmoid = nonlinearity(scope, "sigmoid"), tanh = nonlinearity(scope, "tanh");
      const IFO = z.slice(0, 3 * H), [I, F, O, G] = [0, 1, 2, 3].map((block) => z.slice(block * H, H));
      const tanhC = savedActivation("tanh(C)", H), scratch = scope.scratch("gradients of gates", scope.batch, 2 * H);
      const d = scratch.slice(0, H), e = scratch.slice(H, H);
      return {
        refresh: recurrent.refresh,

        forward(k, t, B, n) {
          const s = new Step(k, t, B, n), C0 = s.now(C), C1 = s.next(C), tc = s.now(tanhC), g = s.now(G);
          recurrent.forward(k, z, t, B, n);
          s.activate(sigmoid, s.now(IFO), s.now(IFO));
          s.activate(tanh, g, g);
          s.multiply(C1, s.now(F), C0);
          s.multiplyAdd(C1, s.now(I), g);
          s.activate(sigmoid, C1, C1);
          s.activate(tanh, tc, C1);
          s.multiply(s.next(h), tc, s.now(O));
        },

        backward(k, t, B, n) {
          const s = new Step(k, t, B, n), dh1 = s.next(dh), tc = s.now(tanhC);
          const i = s.now(I), f = s.now(F), o = s.now(O), g = s.now(G);
          s.multiply(d, dh1, o);
          s.activateBackward(tanh, d, d, tc);
          s.add(dC, dC, d);
          s.multiply(d, dh1, tc);
          s.activateBackward(sigmoid, o, d, o);
          s.activateBackward(sigmoid, dC, dC, s.next(C)); // from here on dC is s
          s.multiply(d, dC, g);
          s.multiply(e, dC, i);
          s.activateBackward(sigmoid, i, d, i);
          s.activateBackward(tanh, g, e, g);
          s.multiply(d, dC, s.now(C));
          s.multiply(dC, dC, f);
          s.activateBackward(sigmoid, f, d, f);
          recurrent.backward(k, z, t, B, n);
        },

        gradients: (k, T, B) => recurrent.gradient(k, z, T, B),
      };
    },
  };
}
