/**
 * Reference kernels of assembly/layer_norm.ts: layer normalisation, row by row. A sum over a row runs over four chains,
 * element j in chain j mod 4, joined as (s0 + s2) + (s1 + s3).
 */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function layerNormKernels(
  arena: Arena,
  { round }: NumberMode,
): Pick<Kernels, "layerNorm" | "layerNormBackward"> {
  /** The mean of n terms. `added` adds term j to the sum of its chain so far. */
  function mean(n: number, added: (sum: number, j: number) => number): number {
    const s = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) s[j & 3] = round(added(s[j & 3], j));
    return round(round(round(s[0] + s[2]) + round(s[1] + s[3])) / n);
  }

  return {
    layerNorm(Y, stats, X, GAIN, BIAS, epsilon, m, n, ldy, ldx) {
      const f = elements(arena);
      const gain = GAIN >> 2, bias = BIAS >> 2;
      for (let i = 0; i < m; i++) {
        const y = (Y >> 2) + i * ldy, x = (X >> 2) + i * ldx;
        const center = mean(n, (sum, j) => sum + f[x + j]);
        const variance = mean(n, (sum, j) => sum + round(round(f[x + j] - center) ** 2));
        const rstd = round(1 / round(Math.sqrt(round(variance + f[epsilon >> 2]))));
        f[(stats >> 2) + 2 * i] = center, f[(stats >> 2) + 2 * i + 1] = rstd;
        for (let j = 0; j < n; j++) {
          const xhat = round(round(f[x + j] - center) * rstd);
          f[y + j] = f[bias + j] + round(xhat * f[gain + j]);
        }
      }
    },
    layerNormBackward(DX, DGAIN, DBIAS, DY, X, stats, GAIN, m, n, lddx, lddy, ldx) {
      const f = elements(arena);
      const dGain = DGAIN >> 2, dBias = DBIAS >> 2, gain = GAIN >> 2;
      for (let i = m - 1; i >= 0; i--) {
        const dx = (DX >> 2) + i * lddx, dy = (DY >> 2) + i * lddy, x = (X >> 2) + i * ldx;
        const center = f[(stats >> 2) + 2 * i], rstd = f[(stats >> 2) + 2 * i + 1];
        const xhat = (j: number) => round(round(f[x + j] - center) * rstd);
        const g = (j: number) => round(f[dy + j] * f[gain + j]);
        for (let j = 0; j < n; j++) {
          f[dGain + j] += round(f[dy + j] * xhat(j));
          f[dBias + j] += f[dy + j];
        }
        const meanG = mean(n, (sum, j) => sum + g(j));
        const meanGX = mean(n, (sum, j) => sum + round(g(j) * xhat(j)));
        for (let j = 0; j < n; j++) f[dx + j] = round(round(g(j) - meanG) - round(xhat(j) * meanGX)) * rstd;
      }
    },
  };
}
