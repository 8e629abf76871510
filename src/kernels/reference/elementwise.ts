/** Copies and sums of matrices: the twin of assembly/elementwise.ts. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

type Names = "copy" | "transpose" | "add" | "subtract" | "multiply" | "multiplyAdd" | "zero";

export function elementwiseKernels(arena: Arena, { round }: NumberMode): Pick<Kernels, Names> {
  /** y = f(a, b), element by element; f also gets what y holds. */
  function binary(compute: (a: number, b: number, y: number) => number): Kernels["add"] {
    return (Y, A, B, m, n, ldy, lda, ldb) => {
      const f = elements(arena);
      const y = Y >> 2, a = A >> 2, b = B >> 2;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          f[y + i * ldy + j] = compute(f[a + i * lda + j], f[b + i * ldb + j], f[y + i * ldy + j]);
        }
      }
    };
  }
  return {
    copy(Y, X, m, n, ldy, ldx) {
      const f = elements(arena);
      const y = Y >> 2, x = X >> 2;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) f[y + i * ldy + j] = f[x + i * ldx + j];
      }
    },
    transpose(Y, X, m, n, ldy, ldx) {
      const f = elements(arena);
      const y = Y >> 2, x = X >> 2;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) f[y + i * ldy + j] = f[x + j * ldx + i];
      }
    },
    add: binary((a, b) => a + b),
    subtract: binary((a, b) => a - b),
    multiply: binary((a, b) => a * b),
    multiplyAdd: binary((a, b, y) => y + round(a * b)),
    zero(Y, m, n, ldy) {
      const f = elements(arena);
      const y = Y >> 2;
      for (let i = 0; i < m; i++) f.fill(0, y + i * ldy, y + i * ldy + n);
    },
  };
}
