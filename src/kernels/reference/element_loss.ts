/** Reference kernel of assembly/element_loss.ts: losses of single elements, selected by number. */
import type { Arena } from "../../memory/arena.ts";
import { ELEMENT_LOSS } from "../element_loss_kinds.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function elementLossKernels(
  arena: Arena,
  { round, sigmoid, softplus }: NumberMode,
): Pick<Kernels, "elementLoss"> {
  const clamp = (d: number, delta: number) => d < -delta ? -delta : d > delta ? delta : d;
  const positive = (y: number, p: number) => round(round(round(p - 1) * y) + 1);

  function value(kind: number, x: number, y: number, p: number): number {
    const d = round(x - y);
    if (kind === ELEMENT_LOSS.squared) return round(d * d);
    if (kind === ELEMENT_LOSS.absolute) return Math.abs(d);
    if (kind === ELEMENT_LOSS.huber) return round(clamp(d, p) * round(d - round(0.5 * clamp(d, p))));
    return round(round(round(1 - y) * x) + round(positive(y, p) * softplus(-x)));
  }

  function slope(kind: number, x: number, y: number, p: number): number {
    const d = round(x - y);
    if (kind === ELEMENT_LOSS.squared) return round(d + d);
    if (kind === ELEMENT_LOSS.absolute) return (d > 0 ? 1 : d < 0 ? -1 : 0) + (d - d);
    if (kind === ELEMENT_LOSS.huber) return clamp(d, p);
    return round(round(positive(y, p) * sigmoid(x)) - round(p * y));
  }

  return {
    elementLoss(loss, DX, X, Y, rowWeights, settings, scale, kind, m, n, lddx, ldx) {
      const f = elements(arena);
      for (let i = 0; i < m; i++) {
        const dx = (DX >> 2) + i * lddx, x = (X >> 2) + i * ldx, y = (Y >> 2) + i * n, l = (loss >> 2) + i * n;
        const weight = f[(rowWeights >> 2) + i], ws = round(weight * f[scale >> 2]);
        for (let j = 0; j < n; j++) {
          const p = f[(settings >> 2) + j];
          f[l + j] = weight === 0 ? 0 : weight * value(kind, f[x + j], f[y + j], p);
          if (DX) f[dx + j] = weight === 0 ? 0 : ws * slope(kind, f[x + j], f[y + j], p);
        }
      }
    },
  };
}
