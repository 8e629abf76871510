/** Reference kernels of assembly/activation_set.ts: activations selected by number, and their gradients. */
import type { Arena } from "../../memory/arena.ts";
import { ACTIVATION } from "../activation_kinds.ts";
import type { Kernels } from "../kernels.ts";
import { sigmoidGradient, tanhGradient } from "./activation.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

/** An activation f with its settings. */
interface Activation {
  /** f(x) */
  of(x: number, alpha: number, beta: number): number;
  /** dy f'(x), where y = f(x). */
  gradient(dy: number, x: number, y: number, alpha: number, beta: number): number;
}

export function activationSetKernels(
  arena: Arena,
  numbers: NumberMode,
): Pick<Kernels, "activate" | "activateBackward"> {
  const byKind: Activation[] = [];
  for (const [name, activation] of Object.entries(activations(numbers))) {
    byKind[ACTIVATION[name as keyof typeof ACTIVATION]] = activation;
  }
  return {
    activate(Y, X, settings, kind, m, n, ldy, ldx) {
      const f = elements(arena), { of } = byKind[kind];
      const y = Y >> 2, x = X >> 2, [alpha, beta] = arena.floats(settings, 2);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) f[y + i * ldy + j] = of(f[x + i * ldx + j], alpha, beta);
      }
    },
    activateBackward(DX, DY, X, Y, settings, kind, m, n, lddx, lddy, ldx, ldy) {
      const f = elements(arena), { gradient } = byKind[kind];
      const dx = DX >> 2, dy = DY >> 2, x = X >> 2, y = Y >> 2, [alpha, beta] = arena.floats(settings, 2);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          f[dx + i * lddx + j] = gradient(f[dy + i * lddy + j], f[x + i * ldx + j], f[y + i * ldy + j], alpha, beta);
        }
      }
    },
  };
}

function activations(numbers: NumberMode): Record<keyof typeof ACTIVATION, Activation> {
  const { round, exp, expm1, sigmoid, softplus, tanh } = numbers;

  /** alpha x + beta */
  function line(x: number, alpha: number, beta: number): number {
    return round(beta + round(alpha * x));
  }

  return {
    identity: {
      of: (x) => x,
      gradient: (dy) => dy,
    },
    relu: {
      of: (x) => x < 0 ? 0 : x,
      gradient: (dy, _x, y) => y > 0 ? dy : 0,
    },
    tanh: {
      of: tanh,
      gradient: (dy, _x, y) => tanhGradient(dy, y, numbers),
    },
    sigmoid: {
      of: sigmoid,
      gradient: (dy, _x, y) => sigmoidGradient(dy, y, numbers),
    },
    affine: {
      of: line,
      gradient: (dy, _x, _y, alpha) => alpha * dy,
    },
    leakyRelu: {
      of: (x, alpha) => x < 0 ? alpha * x : x,
      gradient: (dy, x, _y, alpha) => x < 0 ? alpha * dy : dy,
    },
    thresholdedRelu: {
      of: (x, alpha) => x < alpha ? 0 : x,
      gradient: (dy, x, _y, alpha) => x < alpha ? 0 : dy,
    },
    scaledTanh: {
      of: (x, alpha, beta) => alpha * tanh(round(beta * x)),
      gradient: (dy, x, _y, alpha, beta) =>
        tanhGradient(round(beta * round(alpha * dy)), tanh(round(beta * x)), numbers),
    },
    hardSigmoid: {
      of(x, alpha, beta) {
        const y = line(x, alpha, beta);
        return y < 0 ? 0 : y > 1 ? 1 : y;
      },
      gradient(dy, x, _y, alpha, beta) {
        const y = line(x, alpha, beta);
        return y <= 0 || y >= 1 ? 0 : alpha * dy;
      },
    },
    elu: {
      of: (x, alpha) => x < 0 ? alpha * expm1(x) : x,
      gradient: (dy, x, _y, alpha) => x < 0 ? round(alpha * dy) * exp(x) : dy,
    },
    softsign: {
      of: (x) => x / round(1 + Math.abs(x)),
      gradient(dy, x) {
        const d = round(1 + Math.abs(x));
        return dy / round(d * d);
      },
    },
    softplus: {
      of: softplus,
      gradient: (dy, x) => dy * sigmoid(x),
    },
  };
}
