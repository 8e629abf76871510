import { requireInteger } from "../errors.ts";
import { summedBias } from "../ops/bias.ts";
import { uniform } from "../ops/initialise.ts";
import { outputProjection } from "../ops/output_projection.ts";
import { type Cell, type CellSpace, gateParameters, type PlannedCell } from "./cell.ts";

/** Options of `lstm`. */
export interface LstmOptions {
  /** Whether there are biases. Default true. */
  bias?: boolean;
  /** Width P of the output, PyTorch's `proj_size`: h = (o tanh(c)) W_hrᵀ, `weight_hr` `[P, H]`. Default none: h has width H. */
  projection?: number;
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000), as in
 * PyTorch's `nn.LSTM`. Gate order i, f, g, o:
 *
 *     z      = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h', c' are the states before the step
 *     i, f, o = sigmoid(z_i, z_f, z_o),  g = tanh(z_g)
 *     c      = f c' + i g
 *     h      = o tanh(c)                                 with `projection`: h = m W_hrᵀ, m = o tanh(c)
 *
 * Backward, with dh and dc the gradients of h and c:
 *
 *     dm     = dh                                        with `projection`: dm = dh W_hr, dW_hr = sum over steps of dhᵀ m
 *     dc    += dm o (1 - tanh(c)²)
 *     dz_i   = dc g i (1 - i),   dz_f = dc c' f (1 - f),   dz_g = dc i (1 - g²),   dz_o = dm tanh(c) o (1 - o)
 *     dc'    = dc f,   dh' = dz W_hh
 *     dW_hh  = sum over steps of dzᵀ h',   db = sum of dz
 *
 * The notes print C_t = sigmoid(f C + i C~); the outer sigmoid is a slip (Olah, PyTorch, ONNX and Keras have none). The projection is
 * that of Sak, Senior & Beaufays 2014.
 *
 * Memory per step in training, in floats: 4 B H gates, 3 B H (h, c, tanh c), B H gradient of h. With `projection` h and its gradient
 * take B P, and m another B H.
 *
 * @throws {OptionError} When the projection is not a positive integer.
 *
 * @example
 * ```ts
 * import { lstm, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(lstm({ projection: 3 }), { input: 5, hidden: 7 });
 * assertEquals(rnn.output.width, 3);
 * assertEquals(rnn.parameters.weight_hh_l0.shape, [28, 3]);
 * assertEquals(rnn.parameters.weight_hr_l0.shape, [3, 7]);
 * ```
 */
export function lstm({ bias = true, projection }: LstmOptions = {}): Cell {
  if (projection !== undefined) requireInteger("projection", projection, 1);
  return {
    name: `lstm${projection ? `-projection-${projection}` : ""}${bias ? "" : "-no-bias"}`,
    gates: 4,
    states: (H) => ({ h: projection ?? H, c: H }),
    parameters: (I, H) => ({
      ...gateParameters(4, I, H, bias, projection),
      ...(projection && { weight_hr: { shape: [projection, H], initial: uniform(1 / Math.sqrt(H)) } }),
    }),
    plan: (space) => planLstm(space, bias, projection !== undefined),
  };
}

function planLstm(space: CellSpace, bias: boolean, projection: boolean): PlannedCell {
  const { scope, H, z, states: [h, c], gradients: [dh, dc], product, keep } = space;
  const recurrent = product("weight_hh");
  const sum = summedBias(scope, bias);
  const tanhC = keep("tanh(c)", H);
  const projected = projection ? outputProjection(space) : undefined;
  return {
    bias: sum.sum,

    refresh(k) {
      recurrent.refresh(k);
      sum.refresh(k);
      projected?.refresh(k);
    },

    forward(k, t, B, n) {
      recurrent.forward(k, z, t, B, n);
      const m = projected ? projected.m.step(t, B) : h.step(t + 1, B), c1 = c.step(t + 1, B), tc = tanhC.step(t, B);
      k.lstmForward(m, c1, tc, z.step(t, B), c.step(t, B), n, H, z.stride, c.stride);
      projected?.forward(k, t, B, n);
    },

    backward(k, t, B, n) {
      projected?.backward(k, t, B, n);
      const dm = projected ? projected.dm!.address : dh.step(t + 1, B), tc = tanhC.step(t, B);
      k.lstmBackward(z.step(t, B), dc.address, dm, tc, c.step(t, B), n, H, z.stride, c.stride);
      recurrent.backward(k, z, t, B, n);
    },

    gradients(k, T, B) {
      recurrent.gradient(k, z, T, B);
      sum.gradient(k, z, T * B);
      projected?.gradient(k, T, B);
    },
  };
}
