/** Reference kernels of assembly/maximum.ts: the maximum of each element over the steps of a sequence. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";

export function maximumKernels(arena: Arena): Pick<Kernels, "maximum" | "maximumBackward"> {
  return {
    maximum(Y, step, X, t, m, n, ldy, lds, ldx) {
      const f = elements(arena);
      for (let i = 0; i < m; i++) {
        const y = (Y >> 2) + i * ldy, x = (X >> 2) + i * ldx, steps = arena.ints(step + 4 * i * lds, n);
        for (let j = 0; j < n; j++) {
          const top = f[y + j], value = f[x + j], isTopNumber = top === top;
          if (t > 0 && (value <= top || !isTopNumber)) continue;
          f[y + j] = value, steps[j] = t;
        }
      }
    },
    maximumBackward(DX, DY, step, t, m, n, lddx, lddy, lds) {
      const f = elements(arena);
      for (let i = 0; i < m; i++) {
        const dx = (DX >> 2) + i * lddx, dy = (DY >> 2) + i * lddy, steps = arena.ints(step + 4 * i * lds, n);
        for (let j = 0; j < n; j++) f[dx + j] = steps[j] === t ? f[dy + j] : 0;
      }
    },
  };
}
