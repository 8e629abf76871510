import { nonlinearity } from "../ops/activation.ts";
import { uniform } from "../ops/initialise.ts";
import { Step } from "../ops/step.ts";
import type { Cell } from "./cell.ts";

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
export function notesGru(): Cell {
  return {
    name: "notes-gru",
    description: { kind: "notesGru" },
    gates: 3,
    inputWeight: "U",
    states: (H) => ({ h: H }),

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return { U: { shape: [3 * H, I], initial }, W: { shape: [3 * H, H], initial } };
    },

    plan({ scope, H, z: gates, states: [h], gradients: [dh], recurrentLinear, savedActivation }) {
      const Z = gates.slice(0, H), R = gates.slice(H, H), ZR = gates.slice(0, 2 * H), C = gates.slice(2 * H, H);
      const sigmoid = nonlinearity(scope, "sigmoid"), tanh = nonlinearity(scope, "tanh");
      const RH = savedActivation("r h", H), q = scope.activation("gradient of r h", scope.batch, H);
      const gatesLinear = recurrentLinear("W", { rows: { from: 0, count: 2 * H } });
      const candidateLinear = recurrentLinear("W", {
        rows: { from: 2 * H, count: H },
        input: { value: RH, gradient: q },
      });
      const scratch = scope.scratch("gradients of gates", scope.batch, 2 * H);
      const d = scratch.slice(0, H), e = scratch.slice(H, H);
      return {
        refresh(k) {
          gatesLinear.refresh(k);
          candidateLinear.refresh(k);
        },

        forward(k, t, B, n) {
          const s = new Step(k, t, B, n), h0 = s.now(h), h1 = s.next(h);
          const z = s.now(Z), r = s.now(R), rh = s.now(RH), c = s.now(C); // c is h~
          gatesLinear.forward(k, ZR, t, B, n);
          s.activate(sigmoid, s.now(ZR), s.now(ZR));
          s.multiply(rh, r, h0);
          candidateLinear.forward(k, C, t, B, n);
          s.activate(tanh, c, c);
          s.subtract(h1, c, h0); // h = h' + z (h~ - h')
          s.multiply(h1, z, h1);
          s.add(h1, h0, h1);
        },

        backward(k, t, B, n) {
          const s = new Step(k, t, B, n), h0 = s.now(h), dh0 = s.now(dh), dh1 = s.next(dh);
          const z = s.now(Z), r = s.now(R), c = s.now(C);
          s.multiply(d, dh1, z);
          s.add(dh0, dh0, dh1);
          s.subtract(dh0, dh0, d);
          s.subtract(e, c, h0);
          s.multiply(e, dh1, e);
          s.activateBackward(sigmoid, z, e, z);
          s.activateBackward(tanh, c, d, c);
          candidateLinear.backward(k, C, t, B, n);
          s.multiplyAdd(dh0, q, r);
          s.multiply(d, q, h0);
          s.activateBackward(sigmoid, r, d, r);
          gatesLinear.backward(k, ZR, t, B, n);
        },

        gradients(k, T, B) {
          gatesLinear.gradient(k, ZR, T, B);
          candidateLinear.gradient(k, C, T, B);
        },
      };
    },
  };
}
