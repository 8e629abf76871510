/**
 * Matrix products. Every element of the output is one chain of multiply-adds over k, whatever the tile, the block or
 * the number of rows: a row has the same bits alone and in a batch.
 *
 * The kernel takes rows in blocks of at most 64 and divides a block evenly into tiles: 50 rows are 10 tiles of 5, 64
 * rows are 12 tiles of 5 and one of 4. The interleaved rows of A (tile.ts) stay in the cache while all panels pass over
 * them. Interleaving takes 1 % of the time of 50 x 512 x 128.
 */
import { load, loadHigh, store, storeHigh } from "./lanes";
import { madd } from "./madd";
import { interleave } from "./pack";
import { interleaves, ROWS, tile } from "./tile";
import { WIDE, wideTile } from "./wide_tile";

/** Rows of C in a block at most: of 512 columns of A, 128 KiB are interleaved. */
const BLOCK: i32 = 64;

/**
 * C = init + A P. Each element is one chain: start from init, then add A(i, l) P(l, j) for l = 0, 1, ..., k - 1.
 * 2 m n k flops.
 *
 *   C          [m, n]              out      may be init, to accumulate
 *   init       [m, n]              in       0: zeros; ldi = 0: one row [n] for all rows, a bias
 *   A          [m, k]              in
 *   P          [ceil(n / 8), k, 8]  in       panels of a matrix [k, n] (pack.ts)
 *   workspace  [min(m, 64) k]      scratch
 *   ldi        row stride of init
 */
export function gemm(
  C: usize,
  init: usize,
  A: usize,
  P: usize,
  workspace: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  ldi: i32,
  lda: i32,
): void {
  if (m == 1) return vector(C, init, A, P, n, k, <usize> k << 5);
  const rc = <usize> ldc << 2, ri = init ? <usize> ldi << 2 : 0, ra = <usize> lda << 2;
  const blocks = (m + BLOCK - 1) / BLOCK, least = m / blocks, larger = m - least * blocks;
  for (let i = 0; i < blocks; i++) {
    const rows = i < larger ? least + 1 : least;
    block(C, init, A, P, workspace, rows, n, k, rc, ri, ra);
    C += rc * rows, A += ra * rows, init += ri * rows;
  }
}

function block(
  C: usize,
  init: usize,
  A: usize,
  P: usize,
  workspace: usize,
  m: i32,
  n: i32,
  k: i32,
  rc: usize,
  ri: usize,
  ra: usize,
): void {
  const tiles = (m + ROWS - 1) / ROWS, least = m / tiles, larger = m - least * tiles;
  const four = <usize> k << 4, panel = <usize> k << 5;
  if (interleaves(least + i32(larger > 0))) {
    let a = A, q = workspace;
    for (let i = 0; i < tiles; i++) {
      const rows = i < larger ? least + 1 : least;
      if (interleaves(rows)) interleave(q, a, k, ra), q += four;
      a += ra * rows;
    }
  }
  let left = n;
  if (WIDE && interleaves(least)) {
    for (; left > 15; left -= 16, C += 64, P += panel << 1) {
      let c = C, z = init, a = A, q = workspace;
      for (let i = 0; i < tiles; i++) {
        const rows = i < larger ? least + 1 : least;
        wideTile(rows, c, z, a, q, P, k, rc, ri, ra);
        c += rc * rows, z += ri * rows, a += ra * rows, q += four;
      }
      if (init) init += 64;
    }
  }
  for (; left > 0; left -= 8, C += 32, P += panel) {
    let c = C, z = init, a = A, q = workspace;
    for (let i = 0; i < tiles; i++) {
      const rows = i < larger ? least + 1 : least;
      tile(rows, c, z, a, q, P, k, rc, ri, ra, left);
      c += rc * rows, z += ri * rows, a += ra * rows, q += four;
    }
    if (init) init += 32;
  }
}

// One row. The loop takes four panels at a time: their eight chains hide the latency of the multiply-add.
function vector(c: usize, z: usize, a: usize, p: usize, n: i32, k: i32, panel: usize): void {
  const zero = f32x4.splat(0);
  const end = a + (<usize> k << 2);
  let left = n;
  for (; left > 24; left -= 32, c += 128, p += panel << 2) {
    const last = left - 24;
    let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero;
    if (z) {
      c0 = v128.load(z), c1 = v128.load(z, 16), c2 = v128.load(z, 32), c3 = v128.load(z, 48);
      c4 = v128.load(z, 64), c5 = v128.load(z, 80), c6 = load(z + 96, last), c7 = loadHigh(z + 96, last);
      z += 128;
    }
    let p0 = p, p1 = p0 + panel, p2 = p1 + panel, p3 = p2 + panel;
    for (let x = a; x < end; x += 4) {
      const s = v128.load32_splat(x);
      c0 = madd(s, v128.load(p0), c0), c1 = madd(s, v128.load(p0, 16), c1), p0 += 32;
      c2 = madd(s, v128.load(p1), c2), c3 = madd(s, v128.load(p1, 16), c3), p1 += 32;
      c4 = madd(s, v128.load(p2), c4), c5 = madd(s, v128.load(p2, 16), c5), p2 += 32;
      c6 = madd(s, v128.load(p3), c6), c7 = madd(s, v128.load(p3, 16), c7), p3 += 32;
    }
    v128.store(c, c0), v128.store(c, c1, 16), v128.store(c, c2, 32), v128.store(c, c3, 48);
    v128.store(c, c4, 64), v128.store(c, c5, 80), store(c + 96, c6, last), storeHigh(c + 96, c7, last);
  }
  for (; left > 0; left -= 8, c += 32) {
    let c0 = zero, c1 = zero;
    if (z) {
      c0 = load(z, left), c1 = loadHigh(z, left);
      z += 32;
    }
    for (let x = a; x < end; x += 4, p += 32) {
      const s = v128.load32_splat(x);
      c0 = madd(s, v128.load(p), c0), c1 = madd(s, v128.load(p, 16), c1);
    }
    store(c, c0, left), storeHigh(c, c1, left);
  }
}
