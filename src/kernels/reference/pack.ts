/** Reference kernels of assembly/pack.ts: panels of eight columns. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";

export function packKernels(arena: Arena): Pick<Kernels, "pack" | "packTransposed"> {
  /** Pack a `[k, n]` matrix whose element (i, j) is at index w + i * row + j * column. */
  function panels(P: number, W: number, k: number, n: number, row: number, column: number): void {
    const f = elements(arena);
    const w = W >> 2;
    let p = P >> 2;
    for (let first = 0; first < n; first += 8) {
      for (let i = 0; i < k; i++) {
        for (let j = first; j < first + 8; j++) f[p++] = j < n ? f[w + i * row + j * column] : 0;
      }
    }
  }
  return {
    pack(P, W, k, n, ldw) {
      panels(P, W, k, n, ldw, 1);
    },
    packTransposed(P, W, k, n, ldw) {
      panels(P, W, k, n, 1, ldw);
    },
  };
}
