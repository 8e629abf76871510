import { summedBias } from "../ops/bias.ts";
import { uniform } from "../ops/initialise.ts";
import { outputProjection } from "../ops/output_projection.ts";
import { type Cell, type CellContext, gateParameters, type PlannedCell } from "./cell.ts";
import { type LstmOptions, type LstmSettings, lstmSettings } from "./lstm_options.ts";
import { lstmGates } from "./lstm_variant.ts";

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000), as
 * in PyTorch's `nn.LSTM`. Gate order i, f, g, o:
 *
 *     z      = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h', c' are the states before the step
 *     i, f, o = sigmoid(z_i, z_f, z_o),  g = tanh(z_g)
 *     c      = f c' + i g
 *     h      = o tanh(c)                                 with `projection`: h = m W_hrᵀ, m = o tanh(c)
 *
 * Backward, with dh and dc the gradients of h and c:
 *
 *     dm     = dh                                        with `projection`: dm = dh W_hr
 *     dc    += dm o (1 - tanh(c)²)
 *     dz_i   = dc g i (1 - i),   dz_f = dc c' f (1 - f),   dz_g = dc i (1 - g²),   dz_o = dm tanh(c) o (1 - o)
 *     dc'    = dc f,   dh' = dz W_hh
 *     dW_hh  = sum over steps of dzᵀ h',   db = sum of dz,   dW_hr = sum of dhᵀ m
 *
 * The lecture notes print C_t = sigmoid(f C + i C~). The outer sigmoid is a slip: Olah, PyTorch, ONNX and Keras have
 * none. `notesLstm` has the sigmoid. Peepholes, coupled gates, clip and other nonlinearities: lstm_variant.ts.
 *
 * Memory per step in training, in floats: 4 B H for the gates, 3 B H for h, c and tanh(c), B H for the gradient of h.
 * With `projection`, h and its gradient take B P, and m takes another B H.
 *
 * @throws {OptionError} When a number is out of range, or a nonlinearity is unknown.
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
export function lstm(options: LstmOptions = {}): Cell {
  const settings = lstmSettings(options), { name, bias, projection, peepholes, coupled } = settings;
  const gates = coupled ? 3 : 4;
  return {
    name,
    description: { kind: "lstm", ...settings },
    gates,
    states: (H) => ({ h: projection ?? H, c: H }),
    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return {
        ...gateParameters(gates, I, H, bias, projection),
        ...(projection && { weight_hr: { shape: [projection, H], initial } }),
        ...(peepholes && { weight_peephole: { shape: [gates - 1, H], initial } }),
      };
    },

    plan: (context) => planLstm(context, settings),
  };
}

/** The equations above. The gates of a step are one fused kernel, or the gates of lstm_variant.ts. */
function planLstm(context: CellContext, settings: LstmSettings): PlannedCell {
  const { scope, H, z, states: [h, c], gradients: [dh, dc], recurrentLinear, savedActivation } = context;
  const recurrent = recurrentLinear("weight_hh");
  const biases = summedBias(scope, settings.bias);
  const tanhC = savedActivation("tanh(c)", H);
  const projected = settings.projection ? outputProjection(context) : undefined;
  const variant = settings.plain ? undefined : lstmGates(context, settings, tanhC, projected);
  return {
    bias: biases.sum,

    refresh(k) {
      recurrent.refresh(k);
      biases.refresh(k);
      projected?.refresh(k);
    },

    forward(k, t, B, n) {
      recurrent.forward(k, z, t, B, n);
      if (variant) variant.forward(k, t, B, n);
      else {
        const m = projected?.m.step(t, B) ?? h.step(t + 1, B), c1 = c.step(t + 1, B), tc = tanhC.step(t, B);
        k.lstmForward(m, c1, tc, z.step(t, B), c.step(t, B), n, H, z.stride, c.stride);
      }
      projected?.forward(k, t, B, n);
    },

    backward(k, t, B, n) {
      projected?.backward(k, t, B, n);
      if (variant) variant.backward(k, t, B, n);
      else {
        const dm = projected ? projected.dm!.address : dh.step(t + 1, B), tc = tanhC.step(t, B);
        k.lstmBackward(z.step(t, B), dc.address, dm, tc, c.step(t, B), n, H, z.stride, c.stride);
      }
      recurrent.backward(k, z, t, B, n);
    },

    gradients(k, T, B) {
      recurrent.gradient(k, z, T, B, biases.columnSums);
      biases.copyGradient(k);
      projected?.gradient(k, T, B);
      variant?.gradients(k, T, B);
    },
  };
}
