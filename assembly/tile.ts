/**
 * The register tile of the products: up to 5 rows and 8 columns of C = init + A P over all of k, each element one
 * chain.
 *
 * The tile's speed is limited not by the multiply-adds but by the instructions beside them. Deno has V8 check every
 * load against the end of the memory, which takes a comparison and a branch, and a shuffle takes the place of a
 * multiply-add. So the caller interleaves four rows of A. One load reads them. Shuffles spread rows 0 to 2. Row 3 is
 * loaded once more, at an address that ends where the first load ends, so that this load needs no check of its own.
 * The fifth row is not interleaved; it is read 12 bytes before
 * its pointer, so that one limit serves all its loads. A tile of 6 rows would need 16 registers, and V8 has 15 to give.
 *
 * Eight steps of k share the loop's own check (4: 1 % slower). Each step moves the pointers: with one move for all
 * eight, every step has limits of its own and computes them. A step takes 25 instructions instead of 28. Of the limit,
 * 87 -> 93 % for 50 x 512 x 128, 89 -> 96 for 50 x 128 x 512 and 64 x 2048 x 512; in the plain build 64 -> 67, 70 ->
 * 71, 63 -> 69, and no faster for 25 rows (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
import { load, loadHigh, store, storeHigh } from "./lanes";
import { madd } from "./madd";

/** Rows of a full tile. */
export const ROWS: i32 = 5;

/** Whether a tile of `rows` rows reads its first four rows interleaved. */
@inline
export function interleaves(rows: i32): bool {
  return rows > 3;
}

/**
 * `rows` (1 to 5) rows and min(left, 8) columns of C.
 *
 *   c     address of the first element of C
 *   z     address of the first element of init; 0: zeros
 *   a     address of the first row of A; where `interleaves(rows)`, only row 4 is read from here
 *   q     rows 0 to 3 of A, interleaved [k, 4]; read where `interleaves(rows)`
 *   p     a panel [k, 8]
 *   rc, ri, ra  strides in bytes of the rows of C, init and A
 */
export function tile(
  rows: i32,
  c: usize,
  z: usize,
  a: usize,
  q: usize,
  p: usize,
  k: i32,
  rc: usize,
  ri: usize,
  ra: usize,
  left: i32,
): void {
  if (rows == 5) interleavedTile(5, c, z, a + (ra << 2), q, p, k, rc, ri, left);
  else if (rows == 4) interleavedTile(4, c, z, a, q, p, k, rc, ri, left);
  else if (rows == 3) rowTile(3, c, z, a, p, k, rc, ri, ra, left);
  else if (rows == 2) rowTile(2, c, z, a, p, k, rc, ri, ra, left);
  else rowTile(1, c, z, a, p, k, rc, ri, ra, left);
}

@inline
function interleavedTile(
  rows: i32,
  c: usize,
  z: usize,
  a: usize,
  q: usize,
  p: usize,
  k: i32,
  rc: usize,
  ri: usize,
  left: i32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero;
  if (z) {
    if (left >= 8) {
      c00 = v128.load(z), c01 = v128.load(z, 16);
      z += ri, c10 = v128.load(z), c11 = v128.load(z, 16);
      z += ri, c20 = v128.load(z), c21 = v128.load(z, 16);
      z += ri, c30 = v128.load(z), c31 = v128.load(z, 16);
      if (rows > 4) z += ri, c40 = v128.load(z), c41 = v128.load(z, 16);
    } else {
      c00 = load(z, left), c01 = loadHigh(z, left);
      z += ri, c10 = load(z, left), c11 = loadHigh(z, left);
      z += ri, c20 = load(z, left), c21 = loadHigh(z, left);
      z += ri, c30 = load(z, left), c31 = loadHigh(z, left);
      if (rows > 4) z += ri, c40 = load(z, left), c41 = loadHigh(z, left);
    }
  }
  if (rows > 4) a -= 12;
  let b0 = zero, b1 = zero, s = zero, v = zero;
  const end = p + (<usize> k << 5), most = p + (<usize> (k & -8) << 5);
  while (p < most) {
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
  }
  while (p < end) {
    v = v128.load(q), b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(q, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), a += 4;
    q += 16, p += 32;
  }
  if (left >= 8) {
    v128.store(c, c00), v128.store(c, c01, 16);
    c += rc, v128.store(c, c10), v128.store(c, c11, 16);
    c += rc, v128.store(c, c20), v128.store(c, c21, 16);
    c += rc, v128.store(c, c30), v128.store(c, c31, 16);
    if (rows > 4) c += rc, v128.store(c, c40), v128.store(c, c41, 16);
  } else {
    store(c, c00, left), storeHigh(c, c01, left);
    c += rc, store(c, c10, left), storeHigh(c, c11, left);
    c += rc, store(c, c20, left), storeHigh(c, c21, left);
    c += rc, store(c, c30, left), storeHigh(c, c31, left);
    if (rows > 4) c += rc, store(c, c40, left), storeHigh(c, c41, left);
  }
}

// A tile of up to three rows reads them where they are. Four steps of k share the moves of all pointers: 24 -> 30
// GFLOP/s for 3 x 512 x 128 in the plain build (EPYC Milan, Deno 2.9.6, 2026-11-27).
@inline
function rowTile(
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
  if (z) {
    if (left >= 8) {
      c00 = v128.load(z), c01 = v128.load(z, 16);
      if (rows > 1) z += ri, c10 = v128.load(z), c11 = v128.load(z, 16);
      if (rows > 2) z += ri, c20 = v128.load(z), c21 = v128.load(z, 16);
    } else {
      c00 = load(z, left), c01 = loadHigh(z, left);
      if (rows > 1) z += ri, c10 = load(z, left), c11 = loadHigh(z, left);
      if (rows > 2) z += ri, c20 = load(z, left), c21 = loadHigh(z, left);
    }
  }
  let a1 = a + ra, a2 = a1 + ra;
  let b0 = zero, b1 = zero, s = zero;
  const end = a + (<usize> k << 2), most = a + (<usize> (k & -4) << 2);
  while (a < most) {
    b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    b0 = v128.load(p, 32), b1 = v128.load(p, 48);
    s = v128.load32_splat(a, 4), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 4), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    b0 = v128.load(p, 64), b1 = v128.load(p, 80);
    s = v128.load32_splat(a, 8), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 8), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    b0 = v128.load(p, 96), b1 = v128.load(p, 112);
    s = v128.load32_splat(a, 12), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 12), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 12), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    a += 16, a1 += 16, a2 += 16, p += 128;
  }
  while (a < end) {
    b0 = v128.load(p), b1 = v128.load(p, 16);
    s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    a += 4, a1 += 4, a2 += 4, p += 32;
  }
  if (left >= 8) {
    v128.store(c, c00), v128.store(c, c01, 16);
    if (rows > 1) c += rc, v128.store(c, c10), v128.store(c, c11, 16);
    if (rows > 2) c += rc, v128.store(c, c20), v128.store(c, c21, 16);
  } else {
    store(c, c00, left), storeHigh(c, c01, left);
    if (rows > 1) c += rc, store(c, c10, left), storeHigh(c, c11, left);
    if (rows > 2) c += rc, store(c, c20, left), storeHigh(c, c21, left);
  }
}
