/** Reference kernels of assembly/gemm.ts and gemm_tn.ts: matrix products, each element one chain. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import type { NumberMode } from "./number_mode.ts";
import { elements } from "./elements.ts";

export function gemmKernels(arena: Arena, { round }: NumberMode): Pick<Kernels, "gemm" | "gemmTN"> {
  return {
    gemm(C, init, A, P, _workspace, m, n, k, ldc, ldi, lda) {
      const f = elements(arena);
      const c = C >> 2, z = init >> 2, a = A >> 2, p = P >> 2;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const column = p + (j >> 3) * k * 8 + (j & 7);
          let sum = init ? f[z + i * ldi + j] : 0;
          for (let l = 0; l < k; l++) sum = round(sum + round(f[a + i * lda + l] * f[column + l * 8]));
          f[c + i * ldc + j] = sum;
        }
      }
    },
    gemmTN(C, sums, A, B, _workspace, m, n, k, ldc, lda, ldb) {
      const f = elements(arena);
      const c = C >> 2, a = A >> 2, b = B >> 2;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = f[c + i * ldc + j];
          for (let r = k - 1; r >= 0; r--) sum = round(sum + round(f[a + r * lda + i] * f[b + r * ldb + j]));
          f[c + i * ldc + j] = sum;
        }
        if (!sums) continue;
        let sum = f[(sums >> 2) + i];
        for (let r = k - 1; r >= 0; r--) sum = round(sum + f[a + r * lda + i]);
        f[(sums >> 2) + i] = sum;
      }
    },
  };
}
