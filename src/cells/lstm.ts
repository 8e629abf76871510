import { summedBias } from "../ops/bias.ts";
import { type Cell, gateParameters } from "./cell.ts";

/** Options of `lstm`. */
export interface LstmOptions {
  /** Whether there are biases. Default true. */
  bias?: boolean;
}

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
export function lstm({ bias = true }: LstmOptions = {}): Cell {
  return {
    name: "lstm",
    gates: 4,
    states: (H) => ({ h: H, c: H }),
    parameters: (I, H) => gateParameters(4, I, H, bias),

    plan({ scope, H, z, states: [h, c], gradients: [dh, dc], product, keep }) {
      const recurrent = product("weight_hh");
      const sum = summedBias(scope, bias);
      const tanhC = keep("tanh(c)", H);
      return {
        bias: sum.sum,

        refresh(k) {
          recurrent.refresh(k);
          sum.refresh(k);
        },

        forward(k, t, B, n) {
          recurrent.forward(k, z, t, B, n);
          const h1 = h.step(t + 1, B), c1 = c.step(t + 1, B), tc = tanhC.step(t, B), gates = z.step(t, B);
          k.lstmForward(h1, c1, tc, gates, c.step(t, B), n, H, z.stride, h.stride);
        },

        backward(k, t, B, n) {
          const gates = z.step(t, B), dh1 = dh.step(t + 1, B), tc = tanhC.step(t, B);
          k.lstmBackward(gates, dc.address, dh1, tc, c.step(t, B), n, H, z.stride, h.stride);
          recurrent.backward(k, z, t, B, n);
        },

        gradients(k, T, B) {
          recurrent.gradient(k, z, T, B);
          sum.gradient(k, z, T * B);
        },
      };
    },
  };
}
