import type { Cell } from "./cell.ts";
import { elmanName, type ElmanOptions, elmanSettings } from "./elman_options.ts";
import { equationsCell } from "./equations/equations_cell.ts";

/**
 * The simple recurrent cell (Elman 1990), as in PyTorch's `nn.RNN`:
 *
 *     z = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h' is the state before the step
 *     h = tanh(z)   or   max(z, 0)   or another f(z)
 *
 * Backward, with dh the gradient of h:
 *
 *     dz = dh (1 - h²)   or   dh where h > 0   or   dh f'(z), and 0 where z was clamped
 *     dh' = dz W_hh,   dW_hh = sum over steps of dzᵀ h',   db = sum of dz
 *
 * Memory per step in training, in floats: B H each for z, h and the gradient of h.
 *
 * @throws {OptionError} When the activation is unknown, or `clip` is not above 0.
 *
 * @example
 * ```ts
 * import { elman, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(elman({ activation: { name: "leakyRelu", alpha: 0.1 } }), { input: 5, hidden: 7 });
 * assertEquals(rnn.parameters.weight_hh_l0.shape, [7, 7]);
 * ```
 */
export function elman(options: ElmanOptions = {}): Cell {
  const settings = elmanSettings(options), { bias, clip, activation: f } = settings;
  const cell = equationsCell({
    name: elmanName(settings),
    gates: ["z"],
    states: { h: "H" },
    bias,
    step({ x, W, h }, { activation, clamp }) {
      const z = x.z.plus(W.z(h));
      return { h: activation(clip === undefined ? z : clamp(z, clip), f) };
    },
  });
  return { ...cell, description: { kind: "elman", ...settings } };
}
