import { linear } from "../ops/linear.ts";
import { summedBias } from "../ops/bias.ts";
import { uniform } from "../ops/initialise.ts";
import type { Cell } from "./cell.ts";

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000), as in
 * PyTorch's `nn.LSTM`. Gate order i, f, g, o:
 *
 *     z      = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h', c' are the states before the step
 *     i, f, o = sigmoid(z_i, z_f, z_o),  g = tanh(z_g)
 *     c      = f c' + i g
 *     h      = o tanh(c)
 *
 * Backward, with dh and dc the gradients of h and c:
 *
 *     dc    += dh o (1 - tanh(c)²)
 *     dz_i   = dc g i (1 - i),   dz_f = dc c' f (1 - f),   dz_g = dc i (1 - g²),   dz_o = dh tanh(c) o (1 - o)
 *     dc'    = dc f,   dh' = dz W_hh
 *     dW_hh  = sum over steps of dzᵀ h',   db = sum of dz
 *
 * The notes print C_t = sigmoid(f C + i C~); the outer sigmoid is a slip (Olah, PyTorch, ONNX and Keras have none).
 *
 * Memory per step in training, in floats: 4 B H gates, 3 B H (h, c, tanh c), B H gradient of h.
 */
export function lstm(): Cell {
  return {
    name: "lstm",
    states: ["h", "c"],
    gates: 4,

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return {
        weight_ih: { shape: [4 * H, I], initial },
        weight_hh: { shape: [4 * H, H], initial },
        bias_ih: { shape: [4 * H], initial },
        bias_hh: { shape: [4 * H], initial },
      };
    },

    plan({ scope, H, z, states: [h, c], gradients: [dh, dc] }) {
      const recurrent = linear(scope, scope.parameter("weight_hh"));
      const bias = summedBias(scope, scope.parameter("bias_ih"), scope.parameter("bias_hh"));
      const tanhC = scope.sequence("tanh(c)", H);
      return {
        bias: bias.sum,

        refresh(k) {
          recurrent.refresh(k);
          bias.refresh(k);
        },

        forward(k, t, B) {
          recurrent.forward(k, z, z.row(t, B), h, h.row(t, B), B, true);
          const h1 = h.step(t + 1, B), c1 = c.step(t + 1, B), tc = tanhC.step(t, B), gates = z.step(t, B);
          k.lstmForward(h1, c1, tc, gates, c.step(t, B), B, H, z.stride, h.stride);
        },

        backward(k, t, B) {
          const gates = z.step(t, B), dh1 = dh.step(t + 1, B), tc = tanhC.step(t, B);
          k.lstmBackward(gates, dc.address, dh1, tc, c.step(t, B), B, H, z.stride, h.stride);
          recurrent.backward(k, dh, dh.row(t, B), z, z.row(t, B), B, true);
        },

        gradients(k, T, B) {
          recurrent.gradient(k, z, 0, h, h.row(0, B), T * B);
          bias.gradient(k, z, T * B);
        },
      };
    },
  };
}
