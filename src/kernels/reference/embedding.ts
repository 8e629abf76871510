/** Reference kernels of assembly/embedding.ts: rows by index. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";

export function embeddingKernels(arena: Arena): Pick<Kernels, "gather" | "gatherIntegers" | "scatterAdd"> {
  return {
    gather(Y, table, index, m, n, ldy, ldt) {
      const f = elements(arena), rows = arena.ints(index, m);
      for (let i = 0; i < m; i++) {
        const y = (Y >> 2) + i * ldy, row = (table >> 2) + rows[i] * ldt;
        for (let j = 0; j < n; j++) f[y + j] = f[row + j];
      }
    },
    gatherIntegers(y, x, index, m) {
      const from = arena.ints(x, (arena.bytes - x) >> 2), rows = arena.ints(index, m);
      arena.ints(y, m).set(Array.from(rows, (row) => from[row]));
    },
    scatterAdd(table, Y, index, m, n, ldt, ldy) {
      const f = elements(arena), rows = arena.ints(index, m);
      for (let i = m - 1; i >= 0; i--) {
        const y = (Y >> 2) + i * ldy, row = (table >> 2) + rows[i] * ldt;
        for (let j = 0; j < n; j++) f[row + j] += f[y + j];
      }
    },
  };
}
