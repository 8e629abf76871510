import { nonlinearity } from "../ops/activation.ts";
import { summedBias } from "../ops/bias.ts";
import { Step } from "../ops/step.ts";
import { type Cell, gateParameters } from "./cell.ts";
import { elmanName, type ElmanOptions, elmanSettings } from "./elman_options.ts";

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
  const settings = elmanSettings(options), { bias, clip, activation } = settings;
  return {
    name: elmanName(settings),
    description: { kind: "elman", ...settings },
    gates: 1,
    states: (H) => ({ h: H }),
    parameters: (I, H) => gateParameters(1, I, H, bias),

    plan({ scope, H, z, states: [h], gradients: [dh], recurrentLinear }) {
      const recurrent = recurrentLinear("weight_hh");
      const biases = summedBias(scope, bias), f = nonlinearity(scope, activation);
      const limit = clip === undefined ? undefined : scope.constant("limit of z", [clip]);
      const d = limit && scope.scratch("gradient of clamped z", scope.batch, H);
      return {
        bias: biases.sum,

        refresh(k) {
          recurrent.refresh(k);
          biases.refresh(k);
        },

        forward(k, t, B, n) {
          const s = new Step(k, t, B, n), a = s.now(z), h1 = s.next(h);
          recurrent.forward(k, z, t, B, n);
          if (limit) s.clamp(limit, h1, a);
          s.activate(f, h1, limit ? h1 : a);
        },

        backward(k, t, B, n) {
          const s = new Step(k, t, B, n), a = s.now(z);
          s.activateBackward(f, d ?? a, s.next(dh), s.next(h), a);
          if (limit && d) s.clampBackward(limit, a, d, a);
          recurrent.backward(k, z, t, B, n);
        },

        gradients(k, T, B) {
          recurrent.gradient(k, z, T, B, biases.columnSums);
          biases.copyGradient(k);
        },
      };
    },
  };
}
