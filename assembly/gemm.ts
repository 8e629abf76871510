/**
 * Matrix products. Every element of the output is one chain of multiply-adds over k, whatever the tile, the block or the
 * number of rows: a row computed alone has the same bits as in a batch.
 *
 * The register tile is TILE_ROWS x 8: 6 x 8 fused (12 accumulators, 2 vectors of B, 1 splat of A = V8's 15 registers), 5 x 8
 * unfused, where the product needs one more. In Deno every load carries a bounds check, so a step of k costs as many
 * instructions as the machine can issue; four steps a turn share the pointer updates and the loop's own check: 74 -> 84 % of the
 * limit for 50 x 512 x 128 (fused), 85 -> 99 % (unfused; Granite Rapids, Deno 2.9.6, 2026-11-22). That holds only while
 * the optimizer leaves the four steps in order, see build.ts. Full panels have a path of their own without tests of the width
 * (81 -> 84 %). Rows are shared out evenly: 50 rows are 5 tiles of 6 and 4 of 5, not 8 of 6 and one of 2.
 */
import { load, loadHigh, store, storeHigh } from "./lanes";
import { madd, TILE_ROWS } from "./madd";

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
  for (let left = n; left > 0; left -= 8, C += 32, P += panel) {
    let c = C, z = init, a = A;
    for (let i = 0; i < tiles; i++) {
      const rows = i < taller ? height + 1 : height;
      if (left >= 8) fullTile(rows, c, z, a, P, k, rc, ri, ra);
      else edgeTile(rows, c, z, a, P, k, rc, ri, ra, left);
      c += rc * rows, a += ra * rows;
      if (z) z += ri * rows;
    }
    if (init) init += 32;
  }
}

function fullTile(rows: i32, c: usize, z: usize, a: usize, p: usize, k: i32, rc: usize, ri: usize, ra: usize): void {
  if (TILE_ROWS > 5 && rows == 6) tile(6, c, z, a, p, k, rc, ri, ra, 8);
  else if (rows == 5) tile(5, c, z, a, p, k, rc, ri, ra, 8);
  else if (rows == 4) tile(4, c, z, a, p, k, rc, ri, ra, 8);
  else if (rows == 3) tile(3, c, z, a, p, k, rc, ri, ra, 8);
  else tile(2, c, z, a, p, k, rc, ri, ra, 8);
}

function edgeTile(
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
  if (TILE_ROWS > 5 && rows == 6) tile(6, c, z, a, p, k, rc, ri, ra, left);
  else if (rows == 5) tile(5, c, z, a, p, k, rc, ri, ra, left);
  else if (rows == 4) tile(4, c, z, a, p, k, rc, ri, ra, left);
  else if (rows == 3) tile(3, c, z, a, p, k, rc, ri, ra, left);
  else tile(2, c, z, a, p, k, rc, ri, ra, left);
}

// The first `left` (at most 8) columns of `rows` (2 to 6, a constant) rows of C.
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
  let b0 = zero, b1 = zero, s = zero;
  const end = a + (<usize> k << 2), most = a + (<usize> (k & -4) << 2);
  while (a < most) {
    b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a5), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(p, 32), b1 = v128.load(p, 48);
    s = v128.load32_splat(a, 4), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 4), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 4), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a5, 4), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(p, 64), b1 = v128.load(p, 80);
    s = v128.load32_splat(a, 8), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1, 8), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 8), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 8), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a5, 8), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    b0 = v128.load(p, 96), b1 = v128.load(p, 112);
    s = v128.load32_splat(a, 12), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1, 12), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 12), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a5, 12), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    a += 16, a1 += 16, a2 += 16, a3 += 16, p += 128;
    if (rows > 4) a4 += 16;
    if (rows > 5) a5 += 16;
  }
  while (a < end) {
    b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    if (rows > 5) s = v128.load32_splat(a5), c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    a += 4, a1 += 4, a2 += 4, a3 += 4, p += 32;
    if (rows > 4) a4 += 4;
    if (rows > 5) a5 += 4;
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
