/**
 * Random numbers by counter: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011). Block b of four words has counter
 * (b, 0, stream0, stream1) and key (seed0, seed1), so any number can be computed alone and no state is kept.
 */
import { log4 } from "./activation";
import { store } from "./lanes";
import { madd } from "./madd";

/** y(i) = low + (high - low) u, u = (word >>> 8) 2^-24 in [0, 1). bounds, f32: low, high. y [n] */
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
  for (let left = n, b = 0; left > 0; left -= 4, b++, y += 16) {
    const u = unit(philox(b, 0, stream0, stream1, seed0, seed1));
    store(y, madd(width, u, low), left);
  }
}

/**
 * Box and Muller: of the words w0 .. w3 of a block, w0 gives the radius q = sqrt(-2 log(u + 2^-24)) and w1 the angle
 * 2 pi u of y0 = q cos, y1 = q sin; w2 and w3 those of y2, y3. y [n]
 */
export function randomNormal(y: usize, n: i32, seed0: i32, seed1: i32, stream0: i32, stream1: i32): void {
  for (let left = n, b = 0; left > 0; left -= 4, b++, y += 16) {
    const u = unit(philox(b, 0, stream0, stream1, seed0, seed1));
    const radius2 = f32x4.mul(f32x4.splat(-2), log4(f32x4.add(u, f32x4.splat(5.9604644775390625e-8))));
    const radius = f32x4.sqrt(f32x4.max(radius2, f32x4.splat(0)));
    store(y, f32x4.mul(v128.shuffle<f32>(radius, radius, 0, 0, 2, 2), turn(v128.shuffle<f32>(u, u, 1, 1, 3, 3))), left);
  }
}

/**
 * mask(r, c) = 0 with probability p (f32 at `rate`), else 1 / (1 - p). Element e = r n + c has word e & 3 of the block with counter
 * (e >> 2, i32 at `counter`, stream, 0); it is dropped when its u in [0, 1) is below p. mask [m, n]
 */
export function dropoutMask(
  mask: usize,
  rate: usize,
  counter: usize,
  m: i32,
  n: i32,
  ldm: i32,
  seed0: i32,
  seed1: i32,
  stream: i32,
): void {
  const p = f32.load(rate), keep: f32 = 1 / (1 - p), pass = i32.load(counter);
  let block = -1, e = 0;
  let u = f32x4.splat(0);
  for (let r = 0; r < m; r++) {
    for (let c = 0; c < n; c++, e++) {
      if (e >> 2 != block) {
        block = e >> 2;
        u = unit(philox(block, pass, stream, 0, seed0, seed1));
      }
      f32.store(mask + (<usize> c << 2), f32x4.extract_lane(u, 0) < p ? 0 : keep);
      u = v128.shuffle<f32>(u, u, 1, 2, 3, 0);
    }
    mask += <usize> ldm << 2;
  }
}

/** Words to multiples of 2^-24 in [0, 1). */
@inline
function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
}

/**
 * cos(2 pi u) in lanes 0 and 2, sin(2 pi u) in lanes 1 and 3. The turn is folded to |x| <= 1/4 for the sine of 2 pi x:
 * cos(2 pi u) = sin(2 pi (u + 1/4)). Taylor to x^11, error below 6e-8.
 */
@inline
function turn(u: v128): v128 {
  let x = f32x4.add(u, f32x4(0.25, 0, 0.25, 0));
  x = f32x4.sub(x, f32x4.nearest(x));
  const half = f32x4.sub(v128.or(v128.and(x, i32x4.splat(0x80000000)), f32x4.splat(0.5)), x);
  x = v128.bitselect(half, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0.25)));
  const a = f32x4.mul(x, f32x4.splat(6.28318530717958648));
  const w = f32x4.mul(a, a);
  let q = madd(f32x4.splat(-2.50521083854417188e-8), w, f32x4.splat(2.75573192239858907e-6));
  q = madd(q, w, f32x4.splat(-0.000198412698412698413));
  q = madd(q, w, f32x4.splat(0.00833333333333333333));
  q = madd(q, w, f32x4.splat(-0.166666666666666667));
  return madd(f32x4.mul(a, w), q, a);
}

/** The four words of a block. */
function philox(block: u32, pass: u32, stream0: u32, stream1: u32, seed0: u32, seed1: u32): v128 {
  let c0: u32 = block, c1: u32 = pass, c2: u32 = stream0, c3: u32 = stream1;
  for (let round = 0; round < 10; round++) {
    const p0: u64 = <u64> c0 * 0xd2511f53, p1: u64 = <u64> c2 * 0xcd9e8d57;
    const h0 = <u32> (p0 >> 32), h1 = <u32> (p1 >> 32);
    c0 = h1 ^ c1 ^ seed0, c2 = h0 ^ c3 ^ seed1;
    c1 = <u32> p1, c3 = <u32> p0;
    seed0 += 0x9e3779b9, seed1 += 0xbb67ae85;
  }
  let words = i32x4.splat(c0);
  words = i32x4.replace_lane(words, 1, c1);
  words = i32x4.replace_lane(words, 2, c2);
  return i32x4.replace_lane(words, 3, c3);
}
