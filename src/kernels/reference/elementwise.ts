/** Reference kernels of assembly/elementwise.ts: copies, sums and products of matrices. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

type Elementwise = "copy" | "transpose" | "zero" | "add" | "subtract" | "multiply" | "divide" | "multiplyAdd";

export function elementwiseKernels(arena: Arena, { round }: NumberMode): Pick<Kernels, Elementwise> {
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
    zero(Y, m, n, ldy) {
      const f = elements(arena);
      const y = Y >> 2;
      for (let i = 0; i < m; i++) f.fill(0, y + i * ldy, y + i * ldy + n);
    },
    add: binary(arena, (a, b) => a + b),
    subtract: binary(arena, (a, b) => a - b),
    multiply: binary(arena, (a, b) => a * b),
    divide: binary(arena, (a, b) => a / b),
    multiplyAdd: binary(arena, (a, b, y) => y + round(a * b)),
  };
}

/** y = of(a, b, y). A stride of 0 repeats the one row of a or b. */
function binary(arena: Arena, of: (a: number, b: number, y: number) => number): Kernels["add"] {
  return (Y, A, B, m, n, ldy, lda, ldb) => {
    const f = elements(arena);
    const y = Y >> 2, a = A >> 2, b = B >> 2;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) f[y + i * ldy + j] = of(f[a + i * lda + j], f[b + i * ldb + j], f[y + i * ldy + j]);
    }
  };
}
