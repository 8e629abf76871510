/**
 * Random numbers by counter: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011). Every number can be computed alone, and
 * no state is kept. Block b of four words has the counter (b, step, stream0, stream1) and the key (seed0, seed1);
 * element e comes from words of block e / 4. u is (word >>> 8) 2^-24, in [0, 1).
 *
 * The kernels compute eight blocks at once: uniform 3.2 -> 1.45, normal 5.9 -> 2.8 ns per number (Granite Rapids, Deno
 * 2.9.6, 2026-11-22). V8 turns a product of four lanes into six instructions, which set the limit.
 */
import { log4 } from "./activation";
import { MINUS_TWO, ONE, PHILOX, UNIT, WEYL } from "./constants";
import { store } from "./lanes";
import { madd } from "./madd";

const enum Draw {
  Uniform,
  Normal,
  Mask,
}

/**
 * y(i) = low + (high - low) u. The step is 0.
 *
 *   y       [n]  out
 *   bounds  [2]  in   low, high
 *   seed0, seed1      the key
 *   stream0, stream1  the stream
 */
export function randomUniform(
  y: usize,
  bounds: usize,
  n: i32,
  seed0: i32,
  seed1: i32,
  stream0: i32,
  stream1: i32,
): void {
  const low = v128.load32_splat(bounds), width = f32x4.sub(v128.load32_splat(bounds, 4), low);
  draw(Draw.Uniform, y, 0, n, 0, stream0, stream1, seed0, seed1, low, f32x4.mul(width, v128.load(UNIT)));
}

/**
 * By Box and Muller: of a block's words w0 .. w3, y0 = q(w0) cos t(w1), y1 = q(w0) sin t(w1), and y2, y3 likewise from
 * w2, w3, where q = sqrt(-2 log(u + 2^-24)) and t = 2 pi u. The step is 0.
 *
 *   y  [n]  out
 *   seed0, seed1      the key
 *   stream0, stream1  the stream
 */
export function randomNormal(y: usize, n: i32, seed0: i32, seed1: i32, stream0: i32, stream1: i32): void {
  const none = f32x4.splat(0);
  draw(Draw.Normal, y, 0, n, 0, stream0, stream1, seed0, seed1, none, none);
}

/**
 * mask(r, c) = 0 where u < p, else 1 / (1 - p), with u of element (first + r) n + c. stream1 is 0.
 *
 *   mask     [m, n]   out
 *   rate     [1]      in   p
 *   counter  [1] i32  in   the step
 *   ldm      row stride of mask
 *   first    number of the mask's first row in the whole batch
 *   seed0, seed1      the key
 *   stream   stream0
 */
export function dropoutMask(
  mask: usize,
  rate: usize,
  counter: usize,
  first: i32,
  m: i32,
  n: i32,
  ldm: i32,
  seed0: i32,
  seed1: i32,
  stream: i32,
): void {
  const one = v128.load(ONE), p = v128.load32_splat(rate);
  const bound = f32x4.div(p, v128.load(UNIT)), kept = f32x4.div(one, f32x4.sub(one, p));
  const step = i32.load(counter);
  for (let i = 0; i < m; i++, mask += <usize> ldm << 2) {
    draw(Draw.Mask, mask, (first + i) * n, n, step, stream, 0, seed0, seed1, bound, kept);
  }
}

// Elements first, first + 1, ..., first + n - 1 of a stream to y. With w = word >>> 8, an element is a + b w (Uniform),
// normal (Normal), or 0 where w < a, else b (Mask). A vector holds words 0 and 2, or words 1 and 3, of two blocks: the
// two that Philox multiplies, or the two that it does not. Four such pairs go in lockstep: one alone would wait for its
// products.
@inline
function draw(
  kind: Draw,
  y: usize,
  first: u32,
  n: i32,
  step: u32,
  stream0: u32,
  stream1: u32,
  seed0: u32,
  seed1: u32,
  a: v128,
  b: v128,
): void {
  const odd = pairs(step, stream1), key = pairs(seed0, seed1);
  let even = i32x4.add(pairs(first >> 2, stream0), i32x4(0, 0, 1, 0));
  let skip: i32 = first & 3; // elements of the first block before `first`
  y -= skip << 2;
  for (let left = n + skip; left > 0; left -= 32, y += 128) {
    let e0 = even, e1 = i32x4.add(even, i32x4(2, 0, 2, 0)), e2 = i32x4.add(even, i32x4(4, 0, 4, 0));
    let e3 = i32x4.add(even, i32x4(6, 0, 6, 0));
    let o0 = odd, o1 = odd, o2 = odd, o3 = odd, k = key;
    for (let round = 0; round < 10; round++) {
      const a0 = product(e0), b0 = product2(e0), a1 = product(e1), b1 = product2(e1);
      e0 = v128.xor(upper(a0, b0), v128.xor(o0, k)), o0 = lower(a0, b0);
      e1 = v128.xor(upper(a1, b1), v128.xor(o1, k)), o1 = lower(a1, b1);
      const a2 = product(e2), b2 = product2(e2), a3 = product(e3), b3 = product2(e3);
      e2 = v128.xor(upper(a2, b2), v128.xor(o2, k)), o2 = lower(a2, b2);
      e3 = v128.xor(upper(a3, b3), v128.xor(o3, k)), o3 = lower(a3, b3);
      k = i32x4.add(k, v128.load(WEYL));
    }
    storePair(kind, y, e0, o0, skip, left, a, b);
    if (left > 8) storePair(kind, y + 32, e1, o1, 0, left - 8, a, b);
    if (left > 16) storePair(kind, y + 64, e2, o2, 0, left - 16, a, b);
    if (left > 24) storePair(kind, y + 96, e3, o3, 0, left - 24, a, b);
    skip = 0, even = i32x4.add(even, i32x4(8, 0, 8, 0));
  }
}

/** The 64-bit products of the first block's two words and the two multipliers. */
@inline
function product(words: v128): v128 {
  return i64x2.extmul_low_i32x4_u(words, v128.load(PHILOX));
}

/** The same products of the second block. */
@inline
function product2(words: v128): v128 {
  return i64x2.extmul_high_i32x4_u(words, v128.load(PHILOX));
}

/** The upper halves of the products of two blocks; the two halves of a block change places. */
@inline
function upper(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 3, 1, 7, 5);
}

/** The lower halves of the products, likewise. */
@inline
function lower(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 0, 6, 4);
}

/** low, high, low, high */
@inline
function pairs(low: u32, high: u32): v128 {
  return i64x2.splat(<i64> (<u64> high << 32 | low));
}

/** word >>> 8, as floats. */
@inline
function upperBits(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_u(words, 8));
}

/** Store the first `count` numbers of two blocks at y, without the first `skip` of them. */
@inline
function storePair(kind: Draw, y: usize, even: v128, odd: v128, skip: i32, count: i32, a: v128, b: v128): void {
  even = upperBits(even), odd = upperBits(odd);
  if (kind == Draw.Uniform) {
    even = madd(b, even, a), odd = madd(b, odd, a);
  } else if (kind == Draw.Normal) {
    const word = even, u = f32x4.mul(odd, v128.load(UNIT));
    even = normal(word, f32x4.add(u, f32x4.splat(0.25))), odd = normal(word, u);
  } else {
    even = v128.andnot(b, f32x4.lt(even, a)), odd = v128.andnot(b, f32x4.lt(odd, a));
  }
  storeBlock(y, v128.shuffle<f32>(even, odd, 0, 4, 1, 5), skip, count);
  if (count > 4) store(y + 16, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), count - 4);
}

/** Store the first `count` lanes of x at p, without the first `skip` of them. */
@inline
function storeBlock(p: usize, x: v128, skip: i32, count: i32): void {
  if (!skip) return store(p, x, count);
  const from = i8x16.add(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(<i8> (skip << 2)));
  store(p + (skip << 2), i8x16.swizzle(x, from), min(count, 4) - skip);
}

/**
 * q(w) sin(2 pi x) for x in [0, 5/4]. The turn is folded to |x| <= 1/4. A Taylor series to x^11, error below 6e-8. A
 * function, not inlined eight times: normal numbers are drawn once, when a net starts.
 */
function normal(w: v128, x: v128): v128 {
  x = f32x4.sub(x, f32x4.nearest(x));
  const half = f32x4.sub(v128.or(v128.and(x, i32x4.splat(0x80000000)), f32x4.splat(0.5)), x);
  x = v128.bitselect(half, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0.25)));
  const a = f32x4.mul(x, f32x4.splat(6.28318530717958648));
  const square = f32x4.mul(a, a);
  let q = madd(f32x4.splat(-2.50521083854417188e-8), square, f32x4.splat(2.75573192239858907e-6));
  q = madd(q, square, f32x4.splat(-0.000198412698412698413));
  q = madd(q, square, f32x4.splat(0.00833333333333333333));
  q = madd(q, square, f32x4.splat(-0.166666666666666667));
  return f32x4.mul(radius(w), madd(f32x4.mul(a, square), q, a));
}

@inline
function radius(w: v128): v128 {
  const square = f32x4.mul(v128.load(MINUS_TWO), log4(madd(w, v128.load(UNIT), v128.load(UNIT))));
  return f32x4.sqrt(f32x4.pmax(f32x4.splat(0), square)); // the root of -0 would be -0
}
