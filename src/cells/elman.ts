import { OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { summedBias } from "../ops/bias.ts";
import { type Cell, gateParameters } from "./cell.ts";

/** Options of `elman`. */
export interface ElmanOptions {
  /** The nonlinearity. Default `"tanh"`. */
  activation?: "tanh" | "relu" | "identity";
  /** Whether there are biases. Default true. */
  bias?: boolean;
}

/**
 * The simple recurrent cell (Elman 1990), as in PyTorch's `nn.RNN`:
 *
 *     z = x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh          h' is the state before the step
 *     h = tanh(z)   or   max(z, 0)   or   z
 *
 * Backward, with dh the gradient of h:
 *
 *     dz = dh (1 - h²)   or   dh where h > 0   or   dh
 *     dh' = dz W_hh,   dW_hh = sum over steps of dzᵀ h',   db = sum of dz
 *
 * Memory per step in training, in floats: B H each for z, h and the gradient of h.
 *
 * @throws {OptionError} When the activation is none of the three.
 */
export function elman({ activation = "tanh", bias = true }: ElmanOptions = {}): Cell {
  if (!Object.hasOwn(ACTIVATIONS, activation)) {
    const names = Object.keys(ACTIVATIONS).join(", ");
    throw new OptionError(`"activation" must be one of ${names}, got ${JSON.stringify(activation)}`);
  }
  const { forward, backward } = ACTIVATIONS[activation];
  return {
    name: `elman${activation === "tanh" ? "" : `-${activation}`}${bias ? "" : "-no-bias"}`,
    gates: 1,
    states: (H) => ({ h: H }),
    parameters: (I, H) => gateParameters(1, I, H, bias),

    plan({ scope, H, z, states: [h], gradients: [dh], product }) {
      const recurrent = product("weight_hh");
      const sum = summedBias(scope, bias);
      return {
        bias: sum.sum,

        refresh(k) {
          recurrent.refresh(k);
          sum.refresh(k);
        },

        forward(k, t, B, n) {
          recurrent.forward(k, z, t, B, n);
          forward(k, h.step(t + 1, B), z.step(t, B), n, H, h.stride, z.stride);
        },

        backward(k, t, B, n) {
          backward(k, z.step(t, B), dh.step(t + 1, B), h.step(t + 1, B), n, H, z.stride, dh.stride, h.stride);
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

interface Activation {
  forward(k: Kernels, ...args: Parameters<Kernels["tanh"]>): void;
  backward(k: Kernels, ...args: Parameters<Kernels["tanhBackward"]>): void;
}

const ACTIVATIONS: Record<"tanh" | "relu" | "identity", Activation> = {
  tanh: { forward: (k, ...args) => k.tanh(...args), backward: (k, ...args) => k.tanhBackward(...args) },
  relu: { forward: (k, ...args) => k.relu(...args), backward: (k, ...args) => k.reluBackward(...args) },
  identity: {
    forward: (k, ...args) => k.copy(...args),
    backward: (k, dz, dh, _h, n, H, lddz, lddh) => k.copy(dz, dh, n, H, lddz, lddh),
  },
};
