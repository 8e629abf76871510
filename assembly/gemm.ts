/**
 * Matrix products. Every element of the output is one chain of multiply-adds over k, whatever the tile, the block or the
 * number of rows: a row computed alone has the same bits as in a batch.
 *
 * The register tile is TILE_ROWS x 8 (6 x 8 fused: 12 accumulators, 2 columns of B, 1 splat of A = V8's 15 registers; 5 x 8
 * unfused, where the product needs one more). k is not unrolled: under asc -O3 that makes V8 spill.
 * Rows are shared out evenly: 50 rows are 5 tiles of 6 and 4 of 5, not 8 of 6 and one of 2.
 */
import { load, loadHigh, store, storeHigh } from "./lanes";
import { madd, TILE_ROWS } from "./madd";
import { pack } from "./pack";

/**
 * C = init + A P. C [m, n], A [m, k], P panels of [k, n] (pack.ts). init [m, n]: 0 for zeros, ldi = 0 repeats one row, C
 * itself accumulates. Chain: init, then k = 0, 1, ... 2 m n k flops.
 */
export function gemm(
  C: usize,
  init: usize,
  A: usize,
  P: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  ldi: i32,
  lda: i32,
): void {
  const rc = <usize> ldc << 2, ri = <usize> ldi << 2, ra = <usize> lda << 2, panel = <usize> k << 5;
  if (m == 1) return vector(C, init, A, P, n, k, panel);
  const tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
  const height = m / tiles, taller = m - height * tiles;
  for (let left = n; left > 0; left -= 8) {
    let c = C, z = init, a = A;
    for (let i = 0; i < tiles; i++) {
      const rows = i < taller ? height + 1 : height;
      if (TILE_ROWS > 5 && rows == 6) tile(6, c, z, a, P, k, rc, ri, ra, left);
      else if (rows == 5) tile(5, c, z, a, P, k, rc, ri, ra, left);
      else if (rows == 4) tile(4, c, z, a, P, k, rc, ri, ra, left);
      else if (rows == 3) tile(3, c, z, a, P, k, rc, ri, ra, left);
      else tile(2, c, z, a, P, k, rc, ri, ra, left);
      c += rc * rows;
      if (z) z += ri * rows;
      a += ra * rows;
    }
    C += 32;
    if (init) init += 32;
    P += panel;
  }
}

// The first `left` (at most 8) columns of `rows` (a constant) rows of C.
@inline
function tile(
  rows: i32,
  c: usize,
  z: usize,
  a: usize,
  p: usize,
  k: i32,
  rc: usize,
  ri: usize,
  ra: usize,
  left: i32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  if (z) {
    c00 = load(z, left), c01 = loadHigh(z, left);
    z += ri, c10 = load(z, left), c11 = loadHigh(z, left);
    if (rows > 2) z += ri, c20 = load(z, left), c21 = loadHigh(z, left);
    if (rows > 3) z += ri, c30 = load(z, left), c31 = loadHigh(z, left);
    if (rows > 4) z += ri, c40 = load(z, left), c41 = loadHigh(z, left);
    if (rows > 5) z += ri, c50 = load(z, left), c51 = loadHigh(z, left);
  }
  let a1 = a + ra, a2 = a1 + ra, a3 = a2 + ra, a4 = a3 + ra, a5 = a4 + ra;
  for (const end = a + (<usize> k << 2); a < end; a += 4, p += 32) {
    const b0 = v128.load(p), b1 = v128.load(p, 16);
    let s = v128.load32_splat(a);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1), a1 += 4;
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), a2 += 4, c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3), a3 += 4, c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4), a4 += 4, c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a5), a5 += 4, c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
  }
  store(c, c00, left), storeHigh(c, c01, left);
  c += rc, store(c, c10, left), storeHigh(c, c11, left);
  if (rows > 2) c += rc, store(c, c20, left), storeHigh(c, c21, left);
  if (rows > 3) c += rc, store(c, c30, left), storeHigh(c, c31, left);
  if (rows > 4) c += rc, store(c, c40, left), storeHigh(c, c41, left);
  if (rows > 5) c += rc, store(c, c50, left), storeHigh(c, c51, left);
}

// One row: four panels at a time, so that eight chains hide the latency of the multiply-add.
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

/** Rows of A and B that are taken at a time: 256 rows of 8 columns of B are 8 KiB. */
const CHUNK: i32 = 256;

/**
 * C = C + Aᵀ B. C [m, n], A [k, m], B [k, n]. Chain: C, then rows k - 1, ..., 1, 0. scratch: min(k, 256) * (n rounded up
 * to 8) floats, for the panels of a chunk of B: packed once a chunk, read by every row tile. 2 m n k flops.
 */
export function gemmTN(
  C: usize,
  A: usize,
  B: usize,
  scratch: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  lda: i32,
  ldb: i32,
): void {
  const rc = <usize> ldc << 2, ra = <usize> lda << 2;
  const tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
  const height = m / tiles, taller = m - height * tiles;
  while (k > 0) {
    const depth = min(k, CHUNK);
    k -= depth;
    pack(scratch, B + (<usize> k * ldb << 2), depth, n, ldb);
    let c = C, a = A + <usize> k * ra;
    for (let i = 0; i < tiles; i++) {
      const rows = i < taller ? height + 1 : height;
      let p = scratch, d = c;
      for (let left = n; left > 0; left -= 8, p += <usize> depth << 5, d += 32) {
        if (TILE_ROWS > 5 && rows == 6) tileTN(6, d, a, p, depth, rc, ra, left);
        else if (rows == 5) tileTN(5, d, a, p, depth, rc, ra, left);
        else if (rows == 4) tileTN(4, d, a, p, depth, rc, ra, left);
        else if (rows == 3) tileTN(3, d, a, p, depth, rc, ra, left);
        else if (rows == 2) tileTN(2, d, a, p, depth, rc, ra, left);
        else tileTN(1, d, a, p, depth, rc, ra, left);
      }
      c += rc * rows;
      a += <usize> rows << 2;
    }
  }
}

// As `tile`, but the rows of C run along a row of A, and both operands are read from their last row to their first.
@inline
function tileTN(rows: i32, c: usize, a: usize, p: usize, k: i32, rc: usize, ra: usize, left: i32): void {
  const zero = f32x4.splat(0);
  let c00 = load(c, left), c01 = loadHigh(c, left), c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  let d = c;
  if (rows > 1) d += rc, c10 = load(d, left), c11 = loadHigh(d, left);
  if (rows > 2) d += rc, c20 = load(d, left), c21 = loadHigh(d, left);
  if (rows > 3) d += rc, c30 = load(d, left), c31 = loadHigh(d, left);
  if (rows > 4) d += rc, c40 = load(d, left), c41 = loadHigh(d, left);
  if (rows > 5) d += rc, c50 = load(d, left), c51 = loadHigh(d, left);
  let q = p + (<usize> (k - 1) << 5);
  a += <usize> (k - 1) * ra;
  for (; q >= p; q -= 32, a -= ra) {
    const b0 = v128.load(q), b1 = v128.load(q, 16);
    let s = v128.load32_splat(a);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a, 20), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
  }
  store(c, c00, left), storeHigh(c, c01, left);
  if (rows > 1) c += rc, store(c, c10, left), storeHigh(c, c11, left);
  if (rows > 2) c += rc, store(c, c20, left), storeHigh(c, c21, left);
  if (rows > 3) c += rc, store(c, c30, left), storeHigh(c, c31, left);
  if (rows > 4) c += rc, store(c, c40, left), storeHigh(c, c41, left);
  if (rows > 5) c += rc, store(c, c50, left), storeHigh(c, c51, left);
}
