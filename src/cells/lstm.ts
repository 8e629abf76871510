import type { Cell, CellContext } from "./cell.ts";
import { equationsCell, type WeightOptions } from "./equations/equations_cell.ts";
import type { Expression } from "./equations/expression.ts";
import { type FusedKernel, planFused } from "./equations/products.ts";
import { type LstmOptions, lstmSettings } from "./lstm_options.ts";

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
 * none. `notesLstm` has the sigmoid.
 *
 * The options of ONNX's operator `LSTM`, with S, G and Q the nonlinearities of the gates, of the input and of c:
 *
 *     i = S(z_i + p_i c'),  f = S(z_f + p_f c'),  o = S(z_o + p_o c)    `peepholes` p (Gers & Schmidhuber 2000)
 *     g = G(z_g),  m = o Q(c)                                           `activations`
 *     c = c' + i (g - c')                                               `coupled`: f = 1 - i
 *
 * With `clip` the arguments of S and G are clamped to [-clip, clip]. The argument of Q is not clamped, as in
 * onnxruntime. `weight_peephole` `[3, H]` has rows in gate order, i, f, o (ONNX's P: i, o, f). A coupled cell has no
 * parameters of f: weights and biases are blocks i, g, o, peepholes are rows i, o. ONNX's tensors have an f that is
 * never read.
 *
 * Memory per step in training, in floats: 4 B H for the gates, 3 B H for h, c and tanh(c), B H for the gradient of h.
 * With `projection`, h and its gradient take B P, and m takes another B H. With `clip`, or a nonlinearity whose
 * gradient reads its argument, B H for each argument.
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
  const settings = lstmSettings(options), { name, bias, projection, peepholes, coupled, clip, activations } = settings;
  const cell = equationsCell({
    name,
    gates: coupled ? ["i", "g", "o"] : ["i", "f", "g", "o"],
    states: { h: projection ?? "H", c: "H" },
    bias,
    weights: (projection ? { weight_hr: { rows: projection } } : {}) as { weight_hr: WeightOptions },
    vectors: (peepholes ? { weight_peephole: { rows: coupled ? 2 : 3 } } : {}) as { weight_peephole: { rows: number } },

    step({ x, W, h, c, weight_hr, weight_peephole: p }, { activation, clamp }) {
      const limited = (z: Expression) => clip === undefined ? z : clamp(z, clip);
      const z = (gate: "i" | "f" | "g" | "o") => x[gate].plus(W[gate](h));
      const S = (z: Expression, row: number, c: Expression) =>
        activation(limited(p ? z.plus(p[row].times(c)) : z), activations.gates);
      const i = S(z("i"), 0, c), f = coupled ? undefined : S(z("f"), 1, c);
      const g = activation(limited(z("g")), activations.cell);
      const next = f ? f.times(c).plus(i.times(g)) : c.plus(i.times(g.minus(c)));
      const m = S(z("o"), coupled ? 1 : 2, next).times(activation(next, activations.hidden));
      return { h: projection ? weight_hr(m) : m, c: next };
    },
  });
  const isFused = settings.plain && !projection;
  return {
    ...cell,
    description: { kind: "lstm", ...settings },
    plan: (context) => isFused ? planFused(context, cell.equations, fusedKernel(context)) : cell.plan(context),
  };
}

/** The fused kernel of the plain cell. */
function fusedKernel({ H, z, states: [h, c], gradients: [dh, dc], savedActivation }: CellContext): FusedKernel {
  const tanhC = savedActivation("tanh(c)", H);
  return {
    forward(k, t, B, n) {
      const h1 = h.step(t + 1, B), c1 = c.step(t + 1, B);
      k.lstmForward(h1, c1, tanhC.step(t, B), z.step(t, B), c.step(t, B), n, H, z.stride, c.stride);
    },
    backward(k, t, B, n) {
      const dh1 = dh.step(t + 1, B);
      k.lstmBackward(z.step(t, B), dc.address, dh1, tanhC.step(t, B), c.step(t, B), n, H, z.stride, c.stride);
    },
  };
}
