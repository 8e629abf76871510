/**
 * The register tile of the products: up to 5 rows and 8 columns of C = init + A P over all of k, each element one chain.
 *
 * What limits it is not the multiply-adds but the bounds checks that Deno has V8 make of every load: a comparison and a
 * branch each, and of branches a core takes about one a cycle on top of two multiply-adds. So the fused build, of ten
 * multiply-adds a step, reads four rows of A in one load, from a block that the caller has interleaved, and spreads them
 * by shuffles; the fifth row comes as it is. A tile of 6 rows would need 16 registers, V8 has 15 to give. Unfused there is
 * an instruction more for every product and no room for shuffles beside it: rows are read one by one.
 *
 * Eight steps of k share the pointer updates and the loop's own check, see build.ts. Against
 * 6 x 8 with a load for every element: fused 83 -> 92 % of the limit for 50 x 512 x 128, 84 -> 92 for 64 x 2048 x 512;
 * unfused the shuffles would lose, 65 -> 59, and eight steps give 68 (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { load, loadHigh, store, storeHigh } from "./lanes";
import { INTERLEAVED, madd } from "./madd";

/** Rows of a full tile. */
export const ROWS: i32 = 5;

/** Whether a tile of so many rows reads its first four interleaved. */
@inline
export function interleaves(rows: i32): bool {
  return INTERLEAVED && rows > 3;
}

/**
 * The first `left` columns (8 if there are more) of `rows` (1 to 5) rows of C. Strides in bytes: rc of C, ri of init `z`
 * (0: zeros), ra of A. p: a panel of k rows of 8. Where `interleaves(rows)`, q holds rows 0 to 3 of A, `[k, 4]`, and only
 * row 4 is read at a.
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
  if (INTERLEAVED && rows == 5) interleavedTile(5, c, z, a + (ra << 2), q, p, k, rc, ri, left);
  else if (INTERLEAVED && rows == 4) interleavedTile(4, c, z, a, q, p, k, rc, ri, left);
  else if (!INTERLEAVED && rows == 5) rowTile(5, c, z, a, p, k, rc, ri, ra, left);
  else if (!INTERLEAVED && rows == 4) rowTile(4, c, z, a, p, k, rc, ri, ra, left);
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
  let b0 = zero, b1 = zero, s = zero, v = zero;
  const end = p + (<usize> k << 5), most = p + (<usize> (k & -8) << 5);
  while (p < most) {
    v = v128.load(q, 0), b0 = v128.load(p, 0), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 0), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 16), b0 = v128.load(p, 32), b1 = v128.load(p, 48);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 32), b0 = v128.load(p, 64), b1 = v128.load(p, 80);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 8), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 48), b0 = v128.load(p, 96), b1 = v128.load(p, 112);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 64), b0 = v128.load(p, 128), b1 = v128.load(p, 144);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 80), b0 = v128.load(p, 160), b1 = v128.load(p, 176);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 20), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 96), b0 = v128.load(p, 192), b1 = v128.load(p, 208);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 24), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    v = v128.load(q, 112), b0 = v128.load(p, 224), b1 = v128.load(p, 240);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 28), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    q += 128, p += 256;
    if (rows > 4) a += 32;
  }
  while (p < end) {
    v = v128.load(q, 0), b0 = v128.load(p, 0), b1 = v128.load(p, 16);
    s = v128.shuffle<f32>(v, v, 0, 0, 0, 0), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a, 0), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    q += 16, p += 32;
    if (rows > 4) a += 4;
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
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero;
  if (z) {
    if (left >= 8) {
      c00 = v128.load(z), c01 = v128.load(z, 16);
      if (rows > 1) z += ri, c10 = v128.load(z), c11 = v128.load(z, 16);
      if (rows > 2) z += ri, c20 = v128.load(z), c21 = v128.load(z, 16);
      if (rows > 3) z += ri, c30 = v128.load(z), c31 = v128.load(z, 16);
      if (rows > 4) z += ri, c40 = v128.load(z), c41 = v128.load(z, 16);
    } else {
      c00 = load(z, left), c01 = loadHigh(z, left);
      if (rows > 1) z += ri, c10 = load(z, left), c11 = loadHigh(z, left);
      if (rows > 2) z += ri, c20 = load(z, left), c21 = loadHigh(z, left);
      if (rows > 3) z += ri, c30 = load(z, left), c31 = loadHigh(z, left);
      if (rows > 4) z += ri, c40 = load(z, left), c41 = loadHigh(z, left);
    }
  }
  let a1 = a + ra, a2 = a1 + ra, a3 = a2 + ra, a4 = a3 + ra;
  let b0 = zero, b1 = zero, s = zero;
  const end = a + (<usize> k << 2), most = a + (<usize> (k & -8) << 2);
  while (a < most) {
    b0 = v128.load(p, 0), b1 = v128.load(p, 16);
    s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 32), b1 = v128.load(p, 48);
    s = v128.load32_splat(a, 4), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 4), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 4), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 4), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 64), b1 = v128.load(p, 80);
    s = v128.load32_splat(a, 8), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 8), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 8), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 8), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 8), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 96), b1 = v128.load(p, 112);
    s = v128.load32_splat(a, 12), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 12), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 12), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 12), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 12), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 128), b1 = v128.load(p, 144);
    s = v128.load32_splat(a, 16), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 16), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 16), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 16), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 16), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 160), b1 = v128.load(p, 176);
    s = v128.load32_splat(a, 20), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 20), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 20), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 20), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 20), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 192), b1 = v128.load(p, 208);
    s = v128.load32_splat(a, 24), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 24), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 24), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 24), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 24), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    b0 = v128.load(p, 224), b1 = v128.load(p, 240);
    s = v128.load32_splat(a, 28), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1, 28), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2, 28), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3, 28), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4, 28), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    a += 32, p += 256;
    if (rows > 1) a1 += 32;
    if (rows > 2) a2 += 32;
    if (rows > 3) a3 += 32;
    if (rows > 4) a4 += 32;
  }
  while (a < end) {
    b0 = v128.load(p, 0), b1 = v128.load(p, 16);
    s = v128.load32_splat(a), c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    if (rows > 1) s = v128.load32_splat(a1), c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    if (rows > 2) s = v128.load32_splat(a2), c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    if (rows > 3) s = v128.load32_splat(a3), c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    if (rows > 4) s = v128.load32_splat(a4), c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    a += 4, p += 32;
    if (rows > 1) a1 += 4;
    if (rows > 2) a2 += 4;
    if (rows > 3) a3 += 4;
    if (rows > 4) a4 += 4;
  }
  if (left >= 8) {
    v128.store(c, c00), v128.store(c, c01, 16);
    if (rows > 1) c += rc, v128.store(c, c10), v128.store(c, c11, 16);
    if (rows > 2) c += rc, v128.store(c, c20), v128.store(c, c21, 16);
    if (rows > 3) c += rc, v128.store(c, c30), v128.store(c, c31, 16);
    if (rows > 4) c += rc, v128.store(c, c40), v128.store(c, c41, 16);
  } else {
    store(c, c00, left), storeHigh(c, c01, left);
    if (rows > 1) c += rc, store(c, c10, left), storeHigh(c, c11, left);
    if (rows > 2) c += rc, store(c, c20, left), storeHigh(c, c21, left);
    if (rows > 3) c += rc, store(c, c30, left), storeHigh(c, c31, left);
    if (rows > 4) c += rc, store(c, c40, left), storeHigh(c, c41, left);
  }
}
