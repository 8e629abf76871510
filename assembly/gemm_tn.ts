/**
 * The product that gives parameter gradients: both operands are read along their rows, from the last row to the first, one chain
 * an element.
 *
 * The register tile is 5 x 8 in both builds: four elements of a row of A come in one load and are spread by shuffles, which
 * saves three bounds checks of four: 70 -> 90 % of the limit against 6 x 8 with a load each (512 x 128 x 256, fused; Granite Rapids,
 * Deno 2.9.6, 2026-11-22); 6 x 8 with shuffles would need 16 registers. B is packed once a chunk into panels that
 * stay in the cache while all row tiles pass over them.
 */
import { load, loadHigh, store, storeHigh } from "./lanes";
import { madd } from "./madd";
import { pack } from "./pack";

/** Rows of A and B that are taken at a time: 256 rows of 8 columns of B are 8 KiB. */
const CHUNK: i32 = 256;
const ROWS: i32 = 5;

/**
 * C = C + Aᵀ B. C [m, n], A [k, m], B [k, n]. Chain: C, then rows k - 1, ..., 1, 0. scratch: min(k, 256) * (n rounded up
 * to 8) floats, for the panels of a chunk of B. 2 m n k flops.
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
  const tiles = (m + ROWS - 1) / ROWS;
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
        if (left >= 8) fullTile(rows, d, a, p, depth, rc, ra);
        else edgeTile(rows, d, a, p, depth, rc, ra, left);
      }
      c += rc * rows;
      a += <usize> rows << 2;
    }
  }
}

function fullTile(rows: i32, c: usize, a: usize, p: usize, k: i32, rc: usize, ra: usize): void {
  if (rows == 5) tile(5, c, a, p, k, rc, ra, 8);
  else if (rows == 4) tile(4, c, a, p, k, rc, ra, 8);
  else if (rows == 3) tile(3, c, a, p, k, rc, ra, 8);
  else if (rows == 2) tile(2, c, a, p, k, rc, ra, 8);
  else tile(1, c, a, p, k, rc, ra, 8);
}

function edgeTile(rows: i32, c: usize, a: usize, p: usize, k: i32, rc: usize, ra: usize, left: i32): void {
  if (rows == 5) tile(5, c, a, p, k, rc, ra, left);
  else if (rows == 4) tile(4, c, a, p, k, rc, ra, left);
  else if (rows == 3) tile(3, c, a, p, k, rc, ra, left);
  else if (rows == 2) tile(2, c, a, p, k, rc, ra, left);
  else tile(1, c, a, p, k, rc, ra, left);
}

// The first `left` (at most 8) columns of `rows` (1 to 5, a constant) rows of C, which run along a row of A.
@inline
function tile(rows: i32, c: usize, a: usize, p: usize, k: i32, rc: usize, ra: usize, left: i32): void {
  const zero = f32x4.splat(0);
  let c00 = load(c, left), c01 = loadHigh(c, left), c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero;
  let d = c;
  if (rows > 1) d += rc, c10 = load(d, left), c11 = loadHigh(d, left);
  if (rows > 2) d += rc, c20 = load(d, left), c21 = loadHigh(d, left);
  if (rows > 3) d += rc, c30 = load(d, left), c31 = loadHigh(d, left);
  if (rows > 4) d += rc, c40 = load(d, left), c41 = loadHigh(d, left);
  let b0 = zero, b1 = zero, s = zero, v = zero;
  let q = p + (<usize> k << 5);
  const few = p + (<usize> (k & 3) << 5);
  a += <usize> k * ra;
  while (q > few) {
    q -= 128;
    a -= ra, b0 = v128.load(q, 96), b1 = v128.load(q, 112);
    if (rows > 3) {
      v = v128.load(a);
      s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
      s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    } else {
      s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      if (rows > 1) s = v128.load32_splat(a, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      if (rows > 2) s = v128.load32_splat(a, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    }
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    a -= ra, b0 = v128.load(q, 64), b1 = v128.load(q, 80);
    if (rows > 3) {
      v = v128.load(a);
      s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
      s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    } else {
      s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      if (rows > 1) s = v128.load32_splat(a, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      if (rows > 2) s = v128.load32_splat(a, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    }
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    a -= ra, b0 = v128.load(q, 32), b1 = v128.load(q, 48);
    if (rows > 3) {
      v = v128.load(a);
      s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
      s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    } else {
      s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      if (rows > 1) s = v128.load32_splat(a, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      if (rows > 2) s = v128.load32_splat(a, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    }
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    a -= ra, b0 = v128.load(q), b1 = v128.load(q, 16);
    if (rows > 3) {
      v = v128.load(a);
      s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
      s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    } else {
      s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      if (rows > 1) s = v128.load32_splat(a, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      if (rows > 2) s = v128.load32_splat(a, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    }
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
  }
  while (q > p) {
    q -= 32;
    a -= ra, b0 = v128.load(q), b1 = v128.load(q, 16);
    if (rows > 3) {
      v = v128.load(a);
      s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
      s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    } else {
      s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
      if (rows > 1) s = v128.load32_splat(a, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
      if (rows > 2) s = v128.load32_splat(a, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    }
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
  }
  store(c, c00, left), storeHigh(c, c01, left);
  if (rows > 1) c += rc, store(c, c10, left), storeHigh(c, c11, left);
  if (rows > 2) c += rc, store(c, c20, left), storeHigh(c, c21, left);
  if (rows > 3) c += rc, store(c, c30, left), storeHigh(c, c31, left);
  if (rows > 4) c += rc, store(c, c40, left), storeHigh(c, c41, left);
}
