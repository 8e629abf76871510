import { wide } from "../../wide.ts";
import { assertSameBits, BUILDS, kernelTest } from "../support/kernels/harness.ts";
import type { Space } from "../support/kernels/space.ts";

const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 33, 50, 64, 65, 131];
const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 33, 65];
const DEPTHS = [1, 2, 3, 7, 8, 33];
const ALL = { ...BUILDS, wide };

/** n rounded up to whole panels. */
function padded(n: number): number {
  return Math.ceil(n / 8) * 8;
}

kernelTest(
  "gemm equals the reference at every remainder of a tile, for every kind of start",
  ({ check }) => {
    let number = 0;
    for (const m of ROWS) {
      for (const n of COLUMNS) {
        for (const k of DEPTHS) {
          // Large and deep products run with one kind of start each, in turn; the others run with all.
          const starts = m > 13 || n > 17 || k > 3 ? [number++ % 4] : [0, 1, 2, 3];
          for (const start of starts) {
            check((space) => gemmScene(space, m, n, k, start), { chain: k }, `m ${m} n ${n} k ${k} start ${start}`);
          }
        }
      }
    }
  },
  2 * 65536,
  ALL,
);

function gemmScene(space: Space, m: number, n: number, k: number, start: number) {
  const ldc = n + m % 4, lda = k + n % 3;
  const C = start === 2 ? space.random(m, n, ldc) : space.output(m, n, ldc);
  const A = space.random(m, k, lda);
  const P = space.random(padded(n) / 8, k * 8);
  const ldi = start === 0 || start === 1 ? 0 : start === 2 ? ldc : n + 5;
  const init = start === 0 ? 0 : start === 1 ? space.random(1, n) : start === 2 ? C : space.random(m, n, ldi);
  const workspace = space.scratch(Math.min(m, 64) * k);
  return (kernels: { gemm(...numbers: number[]): void }) =>
    kernels.gemm(C, init, A, P, workspace, m, n, k, ldc, ldi, lda);
}

kernelTest(
  "gemmTN equals the reference at every remainder of a tile, on both sides of a chunk",
  ({ check }) => {
    let number = 0;
    for (const k of [1, 2, 255, 256, 257, 300]) {
      for (const m of ROWS) {
        for (const n of COLUMNS) {
          // Short chains run with all pairs of m and n; long ones with pairs that meet every tile height and panel
          // width.
          if (k > 2 && (m * 31 + n * 7 + k) % 8 !== 0 && !(m < 8 && n < 4)) continue;
          const ldc = n + m % 3, lda = m + n % 4, ldb = n + k % 5;
          check(
            (space) => {
              const C = space.random(m, n, ldc), A = space.random(k, m, lda), B = space.random(k, n, ldb);
              const workspace = space.scratch(Math.min(k, 256) * (padded(n) + 5));
              const sums = number++ % 2 ? space.random(1, m) : 0;
              return (kernels) => kernels.gemmTN(C, sums, A, B, workspace, m, n, k, ldc, lda, ldb);
            },
            { chain: k },
            `m ${m} n ${n} k ${k}`,
          );
        }
      }
    }
  },
  8 * 65536,
  ALL,
);

kernelTest(
  "a row of gemm has the same bits alone and in a batch",
  ({ check, arena, kernels }) => {
    const m = 50, k = 33;
    for (const n of [1, 7, 8, 24, 25, 31, 32, 33, 40, 64, 65]) {
      let C = 0, A = 0, P = 0, bias = 0, workspace = 0;
      check((space) => {
        C = space.output(m, n),
          A = space.random(m, k),
          P = space.random(padded(n) / 8, k * 8),
          bias = space.random(1, n);
        workspace = space.scratch(m * k);
        return (kernels) => kernels.gemm(C, bias, A, P, workspace, m, n, k, n, 0, k);
      }, { chain: k });
      for (const rows of [1, 2, 3, 4, 5, 6, 7, 11, 13]) {
        kernels.gemm(C, bias, A, P, workspace, m, n, k, n, 0, k);
        const whole = arena.floats(C, m * n).slice();
        arena.floats(C, m * n).fill(NaN);
        for (let i = 0; i < m; i += rows) {
          kernels.gemm(C + 4 * i * n, bias, A + 4 * i * k, P, workspace, Math.min(rows, m - i), n, k, n, 0, k);
        }
        assertSameBits(arena.floats(C, m * n), whole, `n ${n} by ${rows}`);
      }
    }
  },
  65536,
  ALL,
);

kernelTest(
  "a chain of gemm may be interrupted and continued",
  ({ check, arena, kernels }) => {
    const m = 7, n = 17, k = 33;
    let C = 0, A = 0, P = 0, Q = 0, workspace = 0;
    check((space) => {
      C = space.output(m, n), A = space.random(m, k), P = space.random(3, k * 8), Q = space.output(3, k * 8);
      workspace = space.scratch(m * k);
      return (kernels) => kernels.gemm(C, 0, A, P, workspace, m, n, k, n, 0, k);
    }, { chain: k });
    kernels.gemm(C, 0, A, P, workspace, m, n, k, n, 0, k);
    const whole = arena.floats(C, m * n).slice();
    for (let first = 1; first < k; first++) {
      // Q = panels of `rows` rows: a range of rows of every panel of P.
      const takeRows = (rows: number, from: number) => {
        for (let panel = 0; panel < 3; panel++) {
          const source = arena.floats(P + 32 * (panel * k + from), rows * 8);
          arena.floats(Q + 32 * panel * rows, rows * 8).set(source);
        }
      };
      takeRows(first, 0);
      kernels.gemm(C, 0, A, Q, workspace, m, n, first, n, 0, k);
      takeRows(k - first, first);
      kernels.gemm(C, C, A + 4 * first, Q, workspace, m, n, k - first, n, n, k);
      assertSameBits(arena.floats(C, m * n), whole, `split at ${first}`);
    }
  },
  65536,
  ALL,
);

kernelTest(
  "gemmTN computes output rows independently, and sums rows in any number of parts",
  (bench) => {
    const { check, arena, kernels } = bench;
    const m = 13, n = 17, k = 300;
    let C = 0, A = 0, B = 0, workspace = 0, start = 0;
    check((space) => {
      start = space.random(m, n), C = space.output(m, n), A = space.random(k, m), B = space.random(k, n);
      workspace = space.scratch(256 * 29);
      return (kernels) => {
        kernels.copy(C, start, m, n, n, n);
        kernels.gemmTN(C, 0, A, B, workspace, m, n, k, n, m, n);
      };
    }, { chain: k });
    const reset = () => arena.floats(C, m * n).set(arena.floats(start, m * n));
    reset();
    kernels.gemmTN(C, 0, A, B, workspace, m, n, k, n, m, n);
    const whole = arena.floats(C, m * n).slice();
    for (let first = 1; first < m; first++) {
      reset();
      kernels.gemmTN(C, 0, A, B, workspace, first, n, k, n, m, n);
      kernels.gemmTN(C + 4 * first * n, 0, A + 4 * first, B, workspace, m - first, n, k, n, m, n);
      assertSameBits(arena.floats(C, m * n), whole, `output rows split at ${first}`);
    }
    for (let first = 1; first < k; first += 7) {
      reset();
      kernels.gemmTN(C, 0, A + 4 * first * m, B + 4 * first * n, workspace, m, n, k - first, n, m, n);
      kernels.gemmTN(C, 0, A, B, workspace, m, n, first, n, m, n);
      assertSameBits(arena.floats(C, m * n), whole, `sum split at ${first}`);
    }
  },
  2 * 65536,
  ALL,
);
