/**
 * Reference kernels of assembly/activation_rows.ts: exp, log, sigmoid, tanh and relu by elements, and the gradients of
 * tanh and relu. single.ts and real.ts have the functions.
 */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import type { NumberMode } from "./number_mode.ts";
import { elements } from "./elements.ts";

type Activation = "exp" | "log" | "sigmoid" | "tanh" | "relu" | "tanhBackward" | "reluBackward";

export function activationKernels(arena: Arena, numbers: NumberMode): Pick<Kernels, Activation> {
  return {
    exp: unary(arena, numbers.exp),
    log: unary(arena, numbers.log),
    sigmoid: unary(arena, numbers.sigmoid),
    tanh: unary(arena, numbers.tanh),
    relu: unary(arena, (x) => x < 0 ? 0 : x),
    tanhBackward: binary(arena, (dy, y) => tanhGradient(dy, y, numbers)),
    reluBackward: binary(arena, (dy, y) => y > 0 ? dy : 0),
  };
}

/** dy (1 - y²) */
export function tanhGradient(dy: number, y: number, { round }: NumberMode): number {
  return round(dy * round(1 - round(y * y)));
}

/** dy y (1 - y) */
export function sigmoidGradient(dy: number, y: number, { round }: NumberMode): number {
  return round(round(dy * y) * round(1 - y));
}

function unary(arena: Arena, of: (x: number) => number): Kernels["exp"] {
  return (Y, X, m, n, ldy, ldx) => {
    const f = elements(arena);
    const y = Y >> 2, x = X >> 2;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) f[y + i * ldy + j] = of(f[x + i * ldx + j]);
    }
  };
}

function binary(arena: Arena, of: (dy: number, y: number) => number): Kernels["tanhBackward"] {
  return (DX, DY, Y, m, n, lddx, lddy, ldy) => {
    const f = elements(arena);
    const dx = DX >> 2, dy = DY >> 2, y = Y >> 2;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) f[dx + i * lddx + j] = of(f[dy + i * lddy + j], f[y + i * ldy + j]);
    }
  };
}
