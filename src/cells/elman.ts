import { OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { summedBias } from "../ops/bias.ts";
import { uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import type { Cell } from "./cell.ts";

/** Options of `elman`. */
export interface ElmanOptions {
  /** The nonlinearity. Default `"tanh"`. */
  activation?: "tanh" | "relu";
}

/**
 * The simple recurrent cell (Elman 1990), as in PyTorch's `nn.RNN`:
 *
 *     z = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h' is the state before the step
 *     h = tanh(z)   or   max(z, 0)
 *
 * Backward, with dh the gradient of h:
 *
 *     dz = dh (1 - h²)   or   dh where h > 0
 *     dh' = dz W_hh,   dW_hh = sum over steps of dzᵀ h',   db = sum of dz
 *
 * Memory per step in training, in floats: B H each for z, h and the gradient of h.
 *
 * @throws {OptionError} When the activation is neither of the two.
 */
export function elman({ activation = "tanh" }: ElmanOptions = {}): Cell {
  if (activation !== "tanh" && activation !== "relu") {
    throw new OptionError(`"activation" must be "tanh" or "relu", got ${JSON.stringify(activation)}`);
  }
  const { forward, backward } = ACTIVATIONS[activation];
  return {
    name: activation === "tanh" ? "elman" : "elman-relu",
    states: ["h"],
    gates: 1,

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return {
        weight_ih: { shape: [H, I], initial },
        weight_hh: { shape: [H, H], initial },
        bias_ih: { shape: [H], initial },
        bias_hh: { shape: [H], initial },
      };
    },

    plan({ scope, H, z, states: [h], gradients: [dh] }) {
      const recurrent = linear(scope, scope.parameter("weight_hh"));
      const bias = summedBias(scope, scope.parameter("bias_ih"), scope.parameter("bias_hh"));
      return {
        bias: bias.sum,

        refresh(k) {
          recurrent.refresh(k);
          bias.refresh(k);
        },

        forward(k, t, B) {
          recurrent.forward(k, z, z.row(t, B), h, h.row(t, B), B, true);
          forward(k, h.step(t + 1, B), z.step(t, B), B, H, h.stride, z.stride);
        },

        backward(k, t, B) {
          backward(k, z.step(t, B), dh.step(t + 1, B), h.step(t + 1, B), B, H, z.stride, dh.stride, h.stride);
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

interface Activation {
  forward(k: Kernels, ...args: Parameters<Kernels["tanh"]>): void;
  backward(k: Kernels, ...args: Parameters<Kernels["tanhBackward"]>): void;
}

const ACTIVATIONS: Record<"tanh" | "relu", Activation> = {
  tanh: { forward: (k, ...args) => k.tanh(...args), backward: (k, ...args) => k.tanhBackward(...args) },
  relu: { forward: (k, ...args) => k.relu(...args), backward: (k, ...args) => k.reluBackward(...args) },
};
