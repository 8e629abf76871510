/** The products of int8 weights: both builds have the bits of the reference. */
import { assert, assertEquals } from "@std/assert";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { INT8_BUILDS } from "../support/int8.ts";
import { assertSameBits, kernelTest } from "../support/kernels/harness.ts";
import type { Space } from "../support/kernels/space.ts";

const ROWS = [1, 2, 3, 4, 5, 63, 64, 65, 129];
const COLUMNS = [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 65];
const DEPTHS = [1, 2, 3, 4, 15, 16, 17, 31, 33, 130];
const BITS = { absolute: Infinity };

/** Words of the panels of a matrix [n, k]. */
function panels(n: number, k: number): number {
  return Math.ceil(n / 16) * (32 + 64 * Math.ceil(k / 16));
}

/** A place for panels, without numbers that an address could not have. */
function panelsIn(space: Space, n: number, k: number): number {
  return space.ints(new Int32Array(panels(n, k)).fill(-1));
}

kernelTest(
  "packInt8 equals the reference for every remainder of a panel",
  ({ check }) => {
    for (const n of COLUMNS) {
      for (const k of DEPTHS) {
        check(
          (space) => {
            const ldw = k + n % 3, P = panelsIn(space, n, k), W = space.random(n, k, ldw);
            return (kernels) => kernels.packInt8(P, W, k, n, ldw);
          },
          BITS,
          `n ${n} k ${k}`,
        );
      }
    }
  },
  2 * 65536,
  INT8_BUILDS,
);

kernelTest(
  "gemmInt8 equals the reference at every remainder of a tile, for every kind of start",
  ({ check }) => {
    let number = 0;
    for (const m of ROWS) {
      for (const n of COLUMNS) {
        for (const k of DEPTHS) {
          const starts = m > 5 || n > 17 ? [number++ % 4] : [0, 1, 2, 3];
          for (const start of starts) {
            check((space) => scene(space, m, n, k, start), BITS, `m ${m} n ${n} k ${k} start ${start}`);
          }
        }
      }
    }
  },
  6 * 65536,
  INT8_BUILDS,
);

function scene(space: Space, m: number, n: number, k: number, start: number) {
  const ldc = n + m % 4, lda = k + n % 3;
  const C = start === 2 ? space.random(m, n, ldc) : space.output(m, n, ldc);
  const A = space.random(m, k, lda);
  const ldi = start === 0 || start === 1 ? 0 : start === 2 ? ldc : n + 5;
  const init = start === 0 ? 0 : start === 1 ? space.random(1, n) : start === 2 ? C : space.random(m, n, ldi);
  const W = space.random(n, k), P = panelsIn(space, n, k), workspace = space.scratch(32 + Math.min(m, 64) * (k + 32));
  return (kernels: Kernels) => {
    kernels.packInt8(P, W, k, n, k);
    kernels.gemmInt8(C, init, A, P, workspace, m, n, k, ldc, ldi, lda);
  };
}

/** Rows and weights that are hard to round. */
const HARD: Record<string, ArrayLike<number>> = {
  zeros: [0, 0, 0, 0],
  "negative zeros": [-0, -0, 0, -0],
  positive: [0.1, 3, 2, 0.7],
  negative: [-0.1, -3, -2, -0.7],
  ties: [-63.5, 63.5, 0.5, 1.5],
  largest: [3.4e38, -3.4e38, 1, 0],
  smallest: [1e-45, -1e-45, 1e-40, 0],
  infinite: [Infinity, 1, 2, 3],
  NaN: [1, NaN, 2, 3],
};

for (const [name, values] of Object.entries(HARD)) {
  kernelTest(
    `rows and weights: ${name}`,
    ({ check }) => {
      const others = [1, -2, 0.25, 0.5];
      for (const [a, w] of [[values, others], [others, values], [values, values]]) {
        check((space) => {
          const C = space.output(1, 1), A = space.values(a), W = space.values(w), P = panelsIn(space, 1, 4);
          const workspace = space.scratch(100);
          return (kernels) => {
            kernels.packInt8(P, W, 4, 1, 4);
            kernels.gemmInt8(C, 0, A, P, workspace, 1, 1, 4, 1, 0, 4);
          };
        }, BITS);
      }
    },
    65536,
    INT8_BUILDS,
  );
}

kernelTest(
  "sums of the largest numbers do not overflow, and a row has the same bits alone and in a batch",
  ({ check, arena, kernels }) => {
    const m = 9, n = 33, k = 300;
    let C = 0, A = 0, W = 0, P = 0, workspace = 0;
    check((space) => {
      C = space.output(m, n), A = space.floats(m, k, k, (i, j) => i === 1 ? 1 : (i + 1) * Math.cos(i + j));
      W = space.floats(n, k, k, (i, j) => i === 1 ? -1 : Math.sin(i * j));
      P = panelsIn(space, n, k), workspace = space.scratch(32 + m * (k + 32));
      return (kernels) => {
        kernels.packInt8(P, W, k, n, k);
        kernels.gemmInt8(C, 0, A, P, workspace, m, n, k, n, 0, k);
      };
    }, BITS);
    kernels.packInt8(P, W, k, n, k);
    kernels.gemmInt8(C, 0, A, P, workspace, m, n, k, n, 0, k);
    const whole = arena.floats(C, m * n).slice();
    const factor = Math.fround(arena.floats(P, 2)[1] * Math.fround(1 / 127));
    assertEquals(whole[n + 1], Math.fround(-127 * 127 * k * factor));
    assert(whole.every(Number.isFinite));
    for (const rows of [1, 2, 3, 4, 5, 7]) {
      arena.floats(C, m * n).fill(NaN);
      for (let i = 0; i < m; i += rows) {
        kernels.gemmInt8(C + 4 * i * n, 0, A + 4 * i * k, P, workspace, Math.min(rows, m - i), n, k, n, 0, k);
      }
      assertSameBits(arena.floats(C, m * n), whole, `by ${rows}`);
    }
  },
  3 * 65536,
  INT8_BUILDS,
);
