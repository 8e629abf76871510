/**
 * The product that computes parameter gradients. It reads both operands along their rows, from the last row to the
 * first, one chain an element.
 *
 * The kernel takes the rows in chunks, the last chunk first, and copies each chunk into the layout that the tile of all
 * products reads (tile.ts): B into panels, which stay in the cache while all rows of C pass over them, and the columns
 * of A that become the rows of a tile.
 */
import { copyColumns, pack } from "./pack";
import { interleaves, ROWS, tile } from "./tile";
import { WIDE, wideTile } from "./wide_tile";

/** Rows of A and B in a chunk: 256 rows of 8 columns of B are 8 KiB. */
const CHUNK: i32 = 256;

/**
 * C = C + Aᵀ B. Each element is one chain: start from C, then add A(r, i) B(r, j) for r = k - 1, ..., 1, 0. Each column
 * sum of A is a chain over the same rows: it is the gradient of a bias, and adds nothing to the time of its weight's
 * gradient (a pass of its own took 2 % of an LSTM's training step). 2 m n k flops.
 *
 *   C          [m, n]  inout
 *   sums       [m]     inout    += the column sums of A; 0: none
 *   A          [k, m]  in
 *   B          [k, n]  in
 *   workspace  [min(k, 256) (8 ceil(n / 8) + 5)]  scratch
 */
export function gemmTN(
  C: usize,
  sums: usize,
  A: usize,
  B: usize,
  workspace: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
): void {
  const rc = <usize> ldc << 2, ra = <usize> lda << 2;
  const tiles = (m + ROWS - 1) / ROWS, least = m / tiles, larger = m - least * tiles;
  while (k > 0) {
    const depth = min(k, CHUNK), panel = <usize> depth << 5, row = <usize> depth << 2;
    const q = workspace + panel * ((n + 7) >> 3);
    pack(workspace, B + (<usize> (k - 1) * ldb << 2), depth, n, -ldb);
    let c = C, s = sums, source = A + <usize> (k - 1) * ra;
    for (let i = 0; i < tiles; i++) {
      const rows = i < larger ? least + 1 : least;
      copyColumns(q, s, source, depth, rows, ra);
      let p = workspace, d = c, left = n;
      // The fifth row lies behind the four interleaved rows, where it would lie if all rows of A began at q.
      if (WIDE && interleaves(rows)) {
        for (; left > 15; left -= 16, p += panel << 1, d += 64) wideTile(rows, d, d, q, q, p, depth, rc, rc, row);
      }
      for (; left > 0; left -= 8, p += panel, d += 32) {
        tile(rows, d, d, q, q, p, depth, rc, rc, row, left);
      }
      c += rc * rows;
      if (s) s += <usize> rows << 2;
      source += <usize> rows << 2;
    }
    k -= depth;
  }
}
