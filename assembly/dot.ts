/**
 * The register tiles of int8 products, in the one file beside madd.ts that knows of relaxed SIMD: sums of products of
 * 8-bit weights and 7-bit activations. The sums are exact 32-bit integers, so both builds have the same bits in every
 * engine: what the relaxed product of two bytes is depends on the engine only where bit 7 of the second one is set, and
 * activations are 0 to 127.
 *
 * A panel has 16 columns, and for each four steps of k the four weights of each column: 64 bytes. The relaxed build
 * reads activations of one byte, and one operation takes four columns. The plain build reads activations of 16 bits. It
 * widens eight weights in one load, so one operation takes two columns, whose sums of the first and of the last two
 * steps stand side by side until the end.
 *
 * Deno has V8 check every load: see tile.ts. So the relaxed tile reads the activations of 16 steps at once and spreads
 * them by shuffles, and panels lie one behind the other, not four at once as those of f32: 28 -> 33 G weights a second
 * for one row; for the rest see `dot`. The plain tile reads a panel by two pointers, each with half of the limits:
 * 21 -> 23 (f32: 7.7; EPYC, Deno 2.9.6, 2026-12-01).
 */

/** Bytes of an activation. */
@inline
export const BYTES: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 2;

/** Store 16 activations, which are integers from 0 to 127. */
@inline
export function storeActivations(x: usize, a: v128, b: v128, c: v128, d: v128): void {
  const low = i16x8.narrow_i32x4_s(a, b), high = i16x8.narrow_i32x4_s(c, d);
  if (ASC_FEATURE_RELAXED_SIMD) v128.store(x, i8x16.narrow_i16x8_s(low, high));
  else v128.store(x, low), v128.store(x, high, 16);
}

/**
 * sums [2, 16] i32 = the sums of one or two rows and a panel.
 *
 *   x, y  the activations of the rows; y = 0: one row
 *   p     the weights of a panel
 *   k     steps, a multiple of 16
 */
export function sumProducts(sums: usize, x: usize, y: usize, p: usize, k: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (y) relaxedTile(2, sums, x, y, p, k);
    else relaxedTile(1, sums, x, x, p, k);
  } else if (y) {
    plainPair(sums, x, y, p, k);
    plainPair(sums + 32, x, y, p + 32, k);
  } else plainRow(sums, x, p, k);
}

@inline
function relaxedTile(rows: i32, sums: usize, x: usize, y: usize, p: usize, k: i32): void {
  const zero = i32x4.splat(0), end = x + k;
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero, d0 = zero, d1 = zero, d2 = zero, d3 = zero;
  let a = zero, b = zero, s = zero, t = zero, w = zero;
  for (; x < end; x += 16) {
    a = v128.load(x);
    if (rows > 1) b = v128.load(y), y += 16;
    s = v128.shuffle<i32>(a, a, 0, 0, 0, 0);
    if (rows > 1) t = v128.shuffle<i32>(b, b, 0, 0, 0, 0);
    w = v128.load(p), c0 = dot(w, s, c0), d0 = rows > 1 ? dot(w, t, d0) : d0;
    w = v128.load(p, 16), c1 = dot(w, s, c1), d1 = rows > 1 ? dot(w, t, d1) : d1;
    w = v128.load(p, 32), c2 = dot(w, s, c2), d2 = rows > 1 ? dot(w, t, d2) : d2;
    w = v128.load(p, 48), c3 = dot(w, s, c3), d3 = rows > 1 ? dot(w, t, d3) : d3, p += 64;
    s = v128.shuffle<i32>(a, a, 1, 1, 1, 1);
    if (rows > 1) t = v128.shuffle<i32>(b, b, 1, 1, 1, 1);
    w = v128.load(p), c0 = dot(w, s, c0), d0 = rows > 1 ? dot(w, t, d0) : d0;
    w = v128.load(p, 16), c1 = dot(w, s, c1), d1 = rows > 1 ? dot(w, t, d1) : d1;
    w = v128.load(p, 32), c2 = dot(w, s, c2), d2 = rows > 1 ? dot(w, t, d2) : d2;
    w = v128.load(p, 48), c3 = dot(w, s, c3), d3 = rows > 1 ? dot(w, t, d3) : d3, p += 64;
    s = v128.shuffle<i32>(a, a, 2, 2, 2, 2);
    if (rows > 1) t = v128.shuffle<i32>(b, b, 2, 2, 2, 2);
    w = v128.load(p), c0 = dot(w, s, c0), d0 = rows > 1 ? dot(w, t, d0) : d0;
    w = v128.load(p, 16), c1 = dot(w, s, c1), d1 = rows > 1 ? dot(w, t, d1) : d1;
    w = v128.load(p, 32), c2 = dot(w, s, c2), d2 = rows > 1 ? dot(w, t, d2) : d2;
    w = v128.load(p, 48), c3 = dot(w, s, c3), d3 = rows > 1 ? dot(w, t, d3) : d3, p += 64;
    s = v128.shuffle<i32>(a, a, 3, 3, 3, 3);
    if (rows > 1) t = v128.shuffle<i32>(b, b, 3, 3, 3, 3);
    w = v128.load(p), c0 = dot(w, s, c0), d0 = rows > 1 ? dot(w, t, d0) : d0;
    w = v128.load(p, 16), c1 = dot(w, s, c1), d1 = rows > 1 ? dot(w, t, d1) : d1;
    w = v128.load(p, 32), c2 = dot(w, s, c2), d2 = rows > 1 ? dot(w, t, d2) : d2;
    w = v128.load(p, 48), c3 = dot(w, s, c3), d3 = rows > 1 ? dot(w, t, d3) : d3, p += 64;
  }
  v128.store(sums, c0), v128.store(sums, c1, 16), v128.store(sums, c2, 32), v128.store(sums, c3, 48);
  if (rows > 1) {
    v128.store(sums, d0, 64), v128.store(sums, d1, 80), v128.store(sums, d2, 96), v128.store(sums, d3, 112);
  }
}

/**
 * sum + the products of four weights of each of four columns and four activations. A sum of two products fits 16 bits.
 * V8 makes three instructions of these, and five of relaxed_dot_i8x16_i7x16_add_s: 33 -> 38 G weights a second.
 */
@inline
function dot(weights: v128, x: v128, sum: v128): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return sum;
  return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(weights, x)));
}

/** One row and 16 columns. */
function plainRow(sums: usize, x: usize, p: usize, k: i32): void {
  const zero = i32x4.splat(0), end = x + (<usize> k << 1);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero;
  let q = p + 32;
  for (; x < end; x += 8, p += 64, q += 64) {
    const s = v128.load64_splat(x);
    c0 = pairs(v128.load8x8_s(p), s, c0), c1 = pairs(v128.load8x8_s(p, 8), s, c1);
    c2 = pairs(v128.load8x8_s(p, 16), s, c2), c3 = pairs(v128.load8x8_s(p, 24), s, c3);
    c4 = pairs(v128.load8x8_s(q), s, c4), c5 = pairs(v128.load8x8_s(q, 8), s, c5);
    c6 = pairs(v128.load8x8_s(q, 16), s, c6), c7 = pairs(v128.load8x8_s(q, 24), s, c7);
  }
  v128.store(sums, joined(c0, c1)), v128.store(sums, joined(c2, c3), 16);
  v128.store(sums, joined(c4, c5), 32), v128.store(sums, joined(c6, c7), 48);
}

/** Two rows and 8 columns. */
function plainPair(sums: usize, x: usize, y: usize, p: usize, k: i32): void {
  const zero = i32x4.splat(0), end = x + (<usize> k << 1);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero, d0 = zero, d1 = zero, d2 = zero, d3 = zero;
  for (; x < end; x += 8, y += 8, p += 64) {
    const s = v128.load64_splat(x), t = v128.load64_splat(y);
    let w = v128.load8x8_s(p);
    c0 = pairs(w, s, c0), d0 = pairs(w, t, d0);
    w = v128.load8x8_s(p, 8), c1 = pairs(w, s, c1), d1 = pairs(w, t, d1);
    w = v128.load8x8_s(p, 16), c2 = pairs(w, s, c2), d2 = pairs(w, t, d2);
    w = v128.load8x8_s(p, 24), c3 = pairs(w, s, c3), d3 = pairs(w, t, d3);
  }
  v128.store(sums, joined(c0, c1)), v128.store(sums, joined(c2, c3), 16);
  v128.store(sums, joined(d0, d1), 64), v128.store(sums, joined(d2, d3), 80);
}

/** sum + the products of two weights and two activations in each lane. */
@inline
function pairs(weights: v128, x: v128, sum: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(weights, x), sum);
}

/** The sums of four columns, of which a holds two and b two, each as two parts. */
@inline
function joined(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}
