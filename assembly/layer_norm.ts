/**
 * Layer normalisation (Ba, Kiros & Hinton 2016), row by row. A sum over a row runs over four interleaved chains
 * (element j in chain j mod 4), joined as (s0 + s2) + (s1 + s3).
 */
import { ONE } from "./constants";
import { firstLanes, load, store, sumLanes } from "./lanes";
import { madd, nmadd } from "./madd";

/**
 * y = (x - mean) rstd gain + bias, where mean = sum(x) / n and rstd = 1 / sqrt(sum((x - mean)²) / n + epsilon).
 *
 *   y        [m, n]  out  may be x
 *   stats    [m, 2]  out  mean, rstd
 *   x        [m, n]  in
 *   gain     [n]     in
 *   bias     [n]     in
 *   epsilon  [1]     in
 */
export function layerNorm(
  y: usize,
  stats: usize,
  x: usize,
  gain: usize,
  bias: usize,
  epsilon: usize,
  m: i32,
  n: i32,
  ldy: i32,
  ldx: i32,
): void {
  const count = f32x4.splat(<f32> n);
  for (let i = 0; i < m; i++) {
    const mean = f32x4.div(sumRow(x, n), count);
    const variance = f32x4.div(sumSquaresAround(mean, x, n), count);
    const root = f32x4.sqrt(f32x4.add(variance, v128.load32_splat(epsilon)));
    const rstd = f32x4.div(v128.load(ONE), root);
    v128.store32_lane(stats, mean, 0), v128.store32_lane(stats, rstd, 0, 4);
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) normalize(y + o, x + o, mean, rstd, gain + o, bias + o, 4);
    if (left) normalize(y + o, x + o, mean, rstd, gain + o, bias + o, left);
    y += <usize> ldy << 2, x += <usize> ldx << 2, stats += 8;
  }
}

@inline
function sumRow(x: usize, n: i32): v128 {
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) sum = f32x4.add(sum, v128.load(x));
  if (n) sum = f32x4.add(sum, load(x, n));
  return sumLanes(sum);
}

/** The sum of (x - mean)². */
@inline
function sumSquaresAround(mean: v128, x: usize, n: i32): v128 {
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) {
    const d = f32x4.sub(v128.load(x), mean);
    sum = madd(d, d, sum);
  }
  if (n) {
    const d = firstLanes(f32x4.sub(load(x, n), mean), n);
    sum = madd(d, d, sum);
  }
  return sumLanes(sum);
}

@inline
function normalize(y: usize, x: usize, mean: v128, rstd: v128, gain: usize, bias: usize, k: i32): void {
  store(y, madd(normalized4(load(x, k), mean, rstd), load(gain, k), load(bias, k)), k);
}

/**
 * With xhat = (x - mean) rstd and g = dy gain: dx = (g - mean(g) - xhat mean(g xhat)) rstd; dGain += dy xhat and
 * dBias += dy, one chain a column, rows m - 1, ..., 1, 0.
 *
 *   dx     [m, n]  out    may be dy
 *   dGain  [n]     inout
 *   dBias  [n]     inout
 *   dy     [m, n]  in
 *   x      [m, n]  in
 *   stats  [m, 2]  in     as layerNorm left them
 *   gain   [n]     in
 */
export function layerNormBackward(
  dx: usize,
  dGain: usize,
  dBias: usize,
  dy: usize,
  x: usize,
  stats: usize,
  gain: usize,
  m: i32,
  n: i32,
  lddx: i32,
  lddy: i32,
  ldx: i32,
): void {
  const count = f32x4.splat(<f32> n);
  for (let i = m - 1; i >= 0; i--) {
    const to = dx + (<usize> i * lddx << 2), from = dy + (<usize> i * lddy << 2), input = x + (<usize> i * ldx << 2);
    const mean = v128.load32_splat(stats + (<usize> i << 3)), rstd = v128.load32_splat(stats + (<usize> i << 3), 4);
    let sum = f32x4.splat(0), product = f32x4.splat(0);
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) {
      const d = v128.load(from + o), h = normalized4(v128.load(input + o), mean, rstd);
      const g = f32x4.mul(d, v128.load(gain + o));
      sum = f32x4.add(sum, g), product = madd(g, h, product);
      addToColumns(dGain + o, dBias + o, d, h, 4);
    }
    if (left) {
      const d = load(from + o, left), h = normalized4(load(input + o, left), mean, rstd);
      const g = f32x4.mul(d, load(gain + o, left));
      sum = f32x4.add(sum, g), product = madd(g, h, product);
      addToColumns(dGain + o, dBias + o, d, h, left);
    }
    const meanG = f32x4.div(sumLanes(sum), count), meanGX = f32x4.div(sumLanes(product), count);
    o = 0, left = n;
    for (; left >= 4; left -= 4, o += 16) {
      inputGradient(to + o, from + o, input + o, gain + o, mean, rstd, meanG, meanGX, 4);
    }
    if (left) inputGradient(to + o, from + o, input + o, gain + o, mean, rstd, meanG, meanGX, left);
  }
}

/** (x - mean) rstd */
@inline
function normalized4(x: v128, mean: v128, rstd: v128): v128 {
  return f32x4.mul(f32x4.sub(x, mean), rstd);
}

@inline
function addToColumns(dGain: usize, dBias: usize, dy: v128, xhat: v128, k: i32): void {
  store(dGain, madd(dy, xhat, load(dGain, k)), k);
  store(dBias, f32x4.add(load(dBias, k), dy), k);
}

@inline
function inputGradient(
  dx: usize,
  dy: usize,
  x: usize,
  gain: usize,
  mean: v128,
  rstd: v128,
  meanG: v128,
  meanGX: v128,
  k: i32,
): void {
  const g = f32x4.mul(load(dy, k), load(gain, k)), xhat = normalized4(load(x, k), mean, rstd);
  store(dx, f32x4.mul(nmadd(xhat, meanGX, f32x4.sub(g, meanG)), rstd), k);
}
