/** Reference kernels of assembly/random.ts: random numbers by counter. */
import type { Arena } from "../../memory/arena.ts";
import { philox } from "../../random/philox.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function randomKernels(
  arena: Arena,
  { round, log, cosTurn, sinTurn }: NumberMode,
): Pick<Kernels, "randomUniform" | "randomNormal" | "dropoutMask"> {
  return {
    randomUniform(Y, bounds, n, seed0, seed1, stream0, stream1) {
      const f = elements(arena);
      const y = Y >> 2, low = f[bounds >> 2], width = round(f[(bounds >> 2) + 1] - low);
      const words = new Uint32Array(4);
      for (let i = 0; i < n; i++) {
        if ((i & 3) === 0) philox([i >> 2, 0, stream0, stream1], [seed0, seed1], words);
        f[y + i] = low + round(width * unit(words[i & 3]));
      }
    },
    randomNormal(Y, n, seed0, seed1, stream0, stream1) {
      const f = elements(arena);
      const y = Y >> 2;
      const words = new Uint32Array(4);
      for (let i = 0; i < n; i++) {
        if ((i & 3) === 0) philox([i >> 2, 0, stream0, stream1], [seed0, seed1], words);
        const pair = i & 2; // words 0 and 1 give elements 0 and 1, words 2 and 3 give elements 2 and 3
        const radius2 = round(-2 * log(unit(words[pair]) + 2 ** -24));
        const radius = round(Math.sqrt(Math.max(radius2, 0)));
        const angle = unit(words[pair + 1]);
        f[y + i] = radius * (i & 1 ? sinTurn(angle) : cosTurn(angle));
      }
    },
    dropoutMask(MASK, rate, counter, first, m, n, ldm, seed0, seed1, stream) {
      const f = elements(arena);
      const p = f[rate >> 2], kept = round(1 / round(1 - p)), [step] = arena.ints(counter, 1);
      const words = new Uint32Array(4);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const element = (first + i) * n + j;
          philox([element >>> 2, step, stream, 0], [seed0, seed1], words);
          f[(MASK >> 2) + i * ldm + j] = unit(words[element & 3]) < p ? 0 : kept;
        }
      }
    },
  };
}

/** A word as a multiple of 2^-24 in [0, 1), exact in both modes. */
function unit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}
