/** Reference kernels of assembly/reduce.ts: sums over rows and over flat ranges. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function reduceKernels(arena: Arena, { round }: NumberMode): Pick<Kernels, "columnSums" | "sum"> {
  return {
    columnSums(Y, X, m, n, ldx) {
      const f = elements(arena);
      const y = Y >> 2, x = X >> 2;
      for (let j = 0; j < n; j++) {
        let sum = f[y + j];
        for (let i = m - 1; i >= 0; i--) sum = round(sum + f[x + i * ldx + j]);
        f[y + j] = sum;
      }
    },
    sum(Y, X, n) {
      const f = elements(arena);
      let total = 0; // a double in both modes
      for (let i = 0; i < n; i++) total += f[(X >> 2) + i];
      f[Y >> 2] = total;
    },
  };
}
