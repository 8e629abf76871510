/** Reference kernels of assembly/clip.ts: scaling and clipping of gradients, clamping of activations. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";

type Clip = "scale" | "clipValue" | "clamp" | "clampBackward";

export function clipKernels(arena: Arena): Pick<Kernels, Clip> {
  return {
    scale(X, scale, n) {
      const f = elements(arena);
      const x = X >> 2, s = f[scale >> 2];
      if (s === 1) return;
      for (let i = 0; i < n; i++) f[x + i] *= s;
    },
    clipValue(X, limit, n) {
      const f = elements(arena);
      const x = X >> 2, high = f[limit >> 2];
      for (let i = 0; i < n; i++) {
        if (f[x + i] < -high) f[x + i] = -high;
        else if (f[x + i] > high) f[x + i] = high;
      }
    },
    clamp(Y, X, limit, m, n, ldy, ldx) {
      const f = elements(arena);
      const y = Y >> 2, x = X >> 2, high = f[limit >> 2];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const value = f[x + i * ldx + j];
          f[y + i * ldy + j] = value < -high ? -high : value > high ? high : value;
        }
      }
    },
    clampBackward(DX, DY, X, limit, m, n, lddx, lddy, ldx) {
      const f = elements(arena);
      const dx = DX >> 2, dy = DY >> 2, x = X >> 2, high = f[limit >> 2];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          f[dx + i * lddx + j] = Math.abs(f[x + i * ldx + j]) > high ? 0 : f[dy + i * lddy + j];
        }
      }
    },
  };
}
