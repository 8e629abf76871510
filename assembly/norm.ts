/**
 * Gradient clipping by a global norm of order p (Pascanu, Mikolov & Bengio 2013, with p = 2): sums of powers over a
 * flat range, in f64, and the factor to clip with. An element takes 0.25 ns with p = 1 and 2, 0.15 with infinity, 45
 * with any other p (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { load } from "./lanes";

const BLOCK: i32 = 4096;

/**
 * y(b) = the sum of |x|^p over block b of x, 4096 elements; with p infinite the maximum of |x|, NaN if one is NaN. In
 * f64. p = 1, 2, infinity: four interleaved chains, element i in chain i mod 4, joined as (s0 + s2) + (s1 + s3), or
 * their maximum. Any other p: one chain, |x|^p = exp(p log |x|).
 *
 *   y      [ceil(n / 4096)] f64  out  8-byte aligned
 *   x      [n]                   in
 *   power  [1]                   in   p, above 0
 */
export function sumPowers(y: usize, x: usize, power: usize, n: i32): void {
  const p = f32.load(power);
  for (; n > 0; n -= BLOCK, y += 8, x += BLOCK << 2) {
    const count = min(n, BLOCK);
    if (p == 2) f64.store(y, sumSquares(x, count));
    else if (p == 1) f64.store(y, sumSizes(x, count));
    else if (p == Infinity) f64.store(y, largestSize(x, count));
    else f64.store(y, sumOfPowers(x, p, count));
  }
}

function sumSquares(x: usize, n: i32): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  for (; n > 0; n -= 4, x += 16) {
    const v = load(x, n);
    const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1));
    low = f64x2.add(low, f64x2.mul(a, a)), high = f64x2.add(high, f64x2.mul(b, b));
  }
  const pair = f64x2.add(low, high);
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

function sumSizes(x: usize, n: i32): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  for (; n > 0; n -= 4, x += 16) {
    const v = f32x4.abs(load(x, n));
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1)));
  }
  const pair = f64x2.add(low, high);
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/**
 * The maximum of |x|. The bits of absolute values are in the order of the values, with NaN above all: 1.32 -> 0.15 ns
 * an element against f32x4.max.
 */
function largestSize(x: usize, n: i32): f64 {
  let largest = f32x4.splat(0);
  for (; n > 0; n -= 4, x += 16) largest = i32x4.max_s(largest, f32x4.abs(load(x, n)));
  largest = i32x4.max_s(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_s(largest, v128.shuffle<f32>(largest, largest, 1, 0, 3, 2));
  return <f64> f32x4.extract_lane(largest, 0);
}

function sumOfPowers(x: usize, p: f64, n: i32): f64 {
  let sum: f64 = 0;
  for (; n > 0; n--, x += 4) sum += exp(p * log(<f64> abs(f32.load(x))));
  return sum;
}

/**
 * norm = (sum of sums)^(1/p), or with p infinite the maximum of sums; scale = min(1, limit / (norm + 1e-6)), as PyTorch
 * has it. In f64. A norm that is not finite gives a scale that is NaN or 0.
 *
 *   norm   [1]          out
 *   scale  [1]          out
 *   sums   [count] f64  in   as sumPowers left them
 *   limit  [1]          in
 *   power  [1]          in   p
 */
export function clipNorm(norm: usize, scale: usize, sums: usize, limit: usize, power: usize, count: i32): void {
  const p = f32.load(power);
  let total: f64 = 0;
  for (let i = 0; i < count; i++, sums += 8) {
    const sum = f64.load(sums);
    total = p == Infinity ? max(total, sum) : total + sum;
  }
  let length = total;
  if (p == 2) length = Math.sqrt(total);
  else if (p != 1 && p != Infinity) length = exp(log(total) / p);
  const ratio = <f64> f32.load(limit) / (length + 1e-6);
  f32.store(norm, <f32> length);
  f32.store(scale, <f32> (ratio > 1 ? 1 : ratio));
}

// exp and log in f64, with the bits of those in src/kernels/real.ts, which explains them.
const LN2_HIGH: f64 = 6.93147180369123816490e-1;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const LOG2E: f64 = 1.44269504088896338700;

function exp(x: f64): f64 {
  if (x > 709.79) return Infinity;
  if (x < -745.14) return 0;
  const turns = x * LOG2E, up = ceil(turns);
  const k = up - 0.5 > turns ? up - 1 : up;
  const r = (x - k * LN2_HIGH) - k * LN2_LOW;
  let q: f64 = 1.0 / 1307674368000.0;
  q = q * r + 1.0 / 87178291200.0;
  q = q * r + 1.0 / 6227020800.0;
  q = q * r + 1.0 / 479001600.0;
  q = q * r + 1.0 / 39916800.0;
  q = q * r + 1.0 / 3628800.0;
  q = q * r + 1.0 / 362880.0;
  q = q * r + 1.0 / 40320.0;
  q = q * r + 1.0 / 5040.0;
  q = q * r + 1.0 / 720.0;
  q = q * r + 1.0 / 120.0;
  q = q * r + 1.0 / 24.0;
  q = q * r + 1.0 / 6.0;
  q = q * r + 1.0 / 2.0;
  return scaled(1 + (r + r * r * q), <i32> k);
}

/** y 2^k for k from -1076 to 1024. y = NaN gives NaN, for whatever k came of it. */
function scaled(y: f64, k: i32): f64 {
  if (k > 1023) return y * 2 * reinterpret<f64>(<i64> (k + 1022) << 52);
  if (k < -1022) return y * reinterpret<f64>(<i64> (k + 1087) << 52) * reinterpret<f64>(<i64> 959 << 52);
  return y * reinterpret<f64>(<i64> (k + 1023) << 52);
}

function log(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0;
    k = -54;
  }
  const bits = reinterpret<i64>(x);
  const offset = <i32> (bits >> 32) - 0x3fe6a09e;
  k += offset >> 20;
  const high = (offset & 0x000fffff) + 0x3fe6a09e;
  const g = reinterpret<f64>((<i64> high << 32) | (bits & 0xffffffff)) - 1;
  const s = g / (2 + g);
  const w = s * s;
  let R: f64 = 0;
  for (let n: f64 = 25; n >= 3; n -= 2) R = w * (2 / n + R);
  const half = 0.5 * g * g;
  return k * LN2_HIGH - ((half - (s * (half + R) + k * LN2_LOW)) - g);
}
