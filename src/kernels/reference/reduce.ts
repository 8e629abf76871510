/** Sums over rows and over flat ranges: the twin of assembly/reduce.ts. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

const BLOCK = 4096;

export function reduceKernels(
  arena: Arena,
  { round }: NumberMode,
): Pick<Kernels, "columnSums" | "sum" | "sumSquares"> {
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
    sumSquares(Y, X, n) {
      const x = arena.floats(X, n), y = arena.doubles(Y, Math.ceil(n / BLOCK));
      for (let b = 0; b < y.length; b++) {
        const s = [0, 0, 0, 0]; // doubles in both modes
        for (let i = b * BLOCK; i < Math.min(n, (b + 1) * BLOCK); i++) s[i & 3] += x[i] * x[i];
        y[b] = (s[0] + s[2]) + (s[1] + s[3]);
      }
    },
  };
}
