/**
 * Reference kernels of assembly/softmax.ts: softmax by rows, its gradient and its cross-entropy. A sum runs over four
 * chains, element j in chain j mod 4, joined as (s0 + s2) + (s1 + s3).
 */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";
import { dot } from "./rows.ts";

export function softmaxKernels(
  arena: Arena,
  mode: NumberMode,
): Pick<Kernels, "softmax" | "softmaxBackward" | "softmaxCrossEntropy"> {
  const { round, exp, log } = mode;

  /** y = exp(x - maximum), written only when `stored`. Returns the sum. x and y are indices. */
  function expRow(
    f: Float32Array | Float64Array,
    y: number,
    x: number,
    maximum: number,
    n: number,
    stored: boolean,
  ): number {
    const s = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) {
      const e = exp(round(f[x + j] - maximum));
      if (stored) f[y + j] = e;
      s[j & 3] = round(s[j & 3] + e);
    }
    return round(round(s[0] + s[2]) + round(s[1] + s[3]));
  }

  return {
    softmax(Y, X, scale, m, n, ldy, ldx) {
      const f = elements(arena);
      const s = f[scale >> 2];
      for (let i = 0; i < m; i++) {
        const y = (Y >> 2) + i * ldy, x = (X >> 2) + i * ldx;
        for (let j = 0; j < n; j++) f[y + j] = s * f[x + j];
        const sum = expRow(f, y, y, rowMaximum(f, y, n), n, true);
        for (let j = 0; j < n; j++) f[y + j] /= sum;
      }
    },
    softmaxBackward(DX, DY, Y, m, n, lddx, lddy, ldy) {
      const f = elements(arena);
      for (let i = 0; i < m; i++) {
        const dx = (DX >> 2) + i * lddx, dy = (DY >> 2) + i * lddy, y = (Y >> 2) + i * ldy;
        const mean = dot(f, dy, y, n, mode);
        for (let j = 0; j < n; j++) f[dx + j] = f[y + j] * round(f[dy + j] - mean);
      }
    },
    softmaxCrossEntropy(loss, DX, X, target, rowWeights, classWeights, scale, m, n, lddx, ldx) {
      const f = elements(arena), targets = arena.ints(target, m);
      const s = f[scale >> 2], w = classWeights >> 2;
      for (let i = 0; i < m; i++) {
        const dx = (DX >> 2) + i * lddx, x = (X >> 2) + i * ldx, label = targets[i];
        if (label < 0) {
          f[(loss >> 2) + i] = 0;
          if (DX) f.fill(0, dx, dx + n);
          continue;
        }
        const a = f[(rowWeights >> 2) + 2 * i], b = f[(rowWeights >> 2) + 2 * i + 1];
        const maximum = rowMaximum(f, x, n);
        const picked = round(f[x + label] - maximum);
        const below = [0, 0, 0, 0];
        for (let j = 0; classWeights && j < n; j++) {
          below[j & 3] = round(below[j & 3] + round(f[w + j] * round(maximum - f[x + j])));
        }
        const sum = expRow(f, dx, x, maximum, n, DX !== 0);
        const logSum = log(sum), as = round(a * s), bs = round(b * s);
        let value = round(a * round(logSum - picked)), factor = as;
        if (classWeights) {
          const all = f[w + n];
          const distance = round(round(below[0] + below[2]) + round(below[1] + below[3]));
          value += round(b * round(distance + round(all * logSum)));
          factor = round(factor + round(bs * all));
        }
        f[(loss >> 2) + i] = value;
        if (!DX) continue;
        for (let j = 0; j < n; j++) f[dx + j] = round(f[dx + j] / sum) * factor;
        for (let j = 0; classWeights && j < n; j++) f[dx + j] -= round(f[w + j] * bs);
        f[dx + label] -= as;
      }
    },
  };
}

/** The largest of n numbers; NaN if one is NaN. */
function rowMaximum(f: Float32Array | Float64Array, x: number, n: number): number {
  let top = f[x];
  for (let j = 1; j < n; j++) top = Math.max(top, f[x + j]);
  return top;
}
