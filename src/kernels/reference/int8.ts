/** Reference kernels of assembly/int8.ts: products of int8 weights, with exact sums. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import type { NumberMode } from "./number_mode.ts";
import { elements } from "./elements.ts";

const float = new Float32Array(1), bits = new Int32Array(float.buffer);

/** The scale of a row by its largest absolute element, rounded up to 17 bits. */
function scaleOf(largest: number): number {
  if (!Number.isFinite(largest)) return NaN;
  float[0] = largest / 127;
  bits[0] = (bits[0] + 127) & -128;
  return float[0];
}

/** A row whose elements differ by less counts as zeros. */
const LEAST = Math.fround(1e-36);

/** Words of a panel before its weights: 16 scales, 16 sums. */
const HEAD = 32;

/** Words of a panel of k steps. */
const panelWords = (k: number) => HEAD + 64 * Math.ceil(k / 16);

export function int8Kernels(arena: Arena, { round }: NumberMode): Pick<Kernels, "gemmInt8" | "packInt8"> {
  /** The nearest integer, of two the even one. */
  const nearest = (x: number) => {
    const below = Math.floor(x), over = x - below;
    return over > 0.5 || over === 0.5 && below % 2 !== 0 ? below + 1 : below;
  };
  const clamped = (x: number, least: number, most: number) => Math.max(least, Math.min(most, x));

  return {
    gemmInt8(C, init, A, P, _workspace, m, n, k, ldc, ldi, lda) {
      const f = elements(arena), words = arena.ints(0, arena.bytes / 4);
      const c = C >> 2, z = init >> 2, p = P >> 2;
      for (let i = 0; i < m; i++) {
        const row = Array.from({ length: k }, (_, l) => f[(A >> 2) + i * lda + l]);
        const isFinite = row.every(Number.isFinite);
        const low = Math.min(0, ...row), range = round(Math.max(0, ...row) - low);
        const factor = range > LEAST ? round(127 / range) : 0, step = round(range / 127);
        const zero = clamped(nearest(round(low * -factor)), 0, 127);
        const a = row.map((x) => clamped(nearest(round(x * factor)) + zero, 0, 127));
        for (let j = 0; j < n; j++) {
          const panel = p + (j >> 4) * panelWords(k), column = j & 15;
          let sum = -zero * words[panel + 16 + column];
          for (let l = 0; l < k; l++) {
            const word = words[panel + HEAD + (l >> 2) * 16 + column];
            sum += a[l] * (word << (24 - 8 * (l & 3)) >> 24);
          }
          const y = isFinite ? round(round(sum) * round(f[panel + column] * step)) : NaN;
          f[c + i * ldc + j] = init ? round(f[z + i * ldi + j] + y) : y;
        }
      }
    },

    packInt8(P, W, k, n, ldw) {
      const f = elements(arena), words = arena.ints(0, arena.bytes / 4);
      const count = Math.ceil(n / 16) * panelWords(k), p = P >> 2;
      words.fill(0, p, p + count);
      f.fill(0, p, p + count);
      for (let j = 0; j < n; j++) {
        const panel = p + (j >> 4) * panelWords(k), column = j & 15, row = (W >> 2) + j * ldw;
        let largest = 0, sum = 0;
        for (let l = 0; l < k; l++) largest = Math.max(largest, Math.abs(f[row + l]));
        const scale = f[panel + column] = scaleOf(largest);
        if (!(scale > 0)) continue;
        for (let l = 0; l < k; l++) {
          const w = clamped(nearest(round(f[row + l] / scale)), -127, 127);
          words[panel + HEAD + (l >> 2) * 16 + column] |= (w & 255) << 8 * (l & 3);
          sum += w;
        }
        words[panel + 16 + column] = sum;
      }
    },
  };
}
