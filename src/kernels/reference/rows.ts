/** Reference kernels of assembly/rows.ts: a factor for each row, a number from each row. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function rowKernels(arena: Arena, mode: NumberMode): Pick<Kernels, "scaleRows" | "rowDots"> {
  const { round } = mode;
  return {
    scaleRows(Y, S, X, m, n, ldy, lds, ldx, accumulate) {
      const f = elements(arena);
      for (let i = 0; i < m; i++) {
        const y = (Y >> 2) + i * ldy, x = (X >> 2) + i * ldx, s = f[(S >> 2) + i * lds];
        for (let j = 0; j < n; j++) f[y + j] = accumulate ? f[y + j] + round(s * f[x + j]) : s * f[x + j];
      }
    },
    rowDots(Y, A, B, m, n, ldy, lda, ldb) {
      const f = elements(arena);
      for (let i = 0; i < m; i++) f[(Y >> 2) + i * ldy] = dot(f, (A >> 2) + i * lda, (B >> 2) + i * ldb, n, mode);
    },
  };
}

/** The dot product of two rows: four chains, element j in chain j mod 4, joined as (s0 + s2) + (s1 + s3). */
export function dot(f: Float32Array | Float64Array, a: number, b: number, n: number, { round }: NumberMode): number {
  const s = [0, 0, 0, 0];
  for (let j = 0; j < n; j++) s[j & 3] = round(s[j & 3] + round(f[a + j] * f[b + j]));
  return round(round(s[0] + s[2]) + round(s[1] + s[3]));
}
