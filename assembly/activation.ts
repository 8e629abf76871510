/**
 * exp, log, sigmoid, tanh and relu by vectors of four, and the backward halves of tanh and relu.
 *
 * exp(x) = 2^k e^r: k = round(x / ln 2), r = x - k ln 2 in two parts, e^r - 1 by a polynomial of degree 6, Horner from
 * the highest term, r last: q = r + r² (1/2 + r (E3 + ...)). NaN passes through every function: clamps keep their first
 * operand when the comparison is false.
 */
import {
  E2,
  E3,
  E4,
  E5,
  E6,
  EXP_HIGH,
  EXP_LOW,
  L11,
  L3,
  L5,
  L7,
  L9,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  MAGIC,
  MANTISSA,
  MINUS_TWO,
  ONE,
  ROOT_HALF,
  SIGMOID_HIGH,
  SIGN,
  TANH_HIGH,
  TWO,
} from "./constants";
import { load, store } from "./lanes";
import { madd, nmadd } from "./madd";

@inline
function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** e^r - 1 for |r| <= ln(2) / 2. */
@inline
function expm1Reduced(r: v128): v128 {
  let q = madd(v128.load(E6), r, v128.load(E5));
  q = madd(q, r, v128.load(E4));
  q = madd(q, r, v128.load(E3));
  q = madd(q, r, v128.load(E2));
  return madd(f32x4.mul(r, r), q, r);
}

/** r = x - k ln 2, where t = k + MAGIC. */
@inline
function reduce(x: v128, t: v128): v128 {
  const k = f32x4.sub(t, v128.load(MAGIC));
  return nmadd(k, v128.load(LN2_LOW), nmadd(k, v128.load(LN2_HIGH), x));
}

/** 2^k from t = k + MAGIC: k slides into the exponent of 1. */
@inline
function powerOfTwo(t: v128): v128 {
  return i32x4.add(i32x4.shl(t, 23), v128.load(ONE));
}

/** exp(x) for x in [-87, 88]. */
@inline
function expClamped(x: v128): v128 {
  const t = madd(x, v128.load(LOG2E), v128.load(MAGIC));
  const s = powerOfTwo(t);
  return madd(s, expm1Reduced(reduce(x, t)), s);
}

/** exp(x) - 1 for x in [-87, 88]; relative accuracy near 0 too. */
@inline
function expm1Clamped(x: v128): v128 {
  const t = madd(x, v128.load(LOG2E), v128.load(MAGIC));
  const s = powerOfTwo(t);
  return madd(s, expm1Reduced(reduce(x, t)), f32x4.sub(s, v128.load(ONE)));
}

@inline
export function exp4(x: v128): v128 {
  return expClamped(clamp(x, v128.load(EXP_LOW), v128.load(EXP_HIGH)));
}

/** 1 / (1 + exp(-x)) */
@inline
export function sigmoid4(x: v128): v128 {
  const e = expClamped(clamp(f32x4.neg(x), v128.load(EXP_LOW), v128.load(SIGMOID_HIGH)));
  return f32x4.div(v128.load(ONE), f32x4.add(v128.load(ONE), e));
}

/** tanh |x| = |e / (2 + e)| with e = expm1(-2 |x|); the sign of x comes back as a bit, that of a zero too. */
@inline
export function tanh4(x: v128): v128 {
  const sign = v128.and(x, v128.load(SIGN));
  const e = expm1Clamped(f32x4.mul(f32x4.pmin(f32x4.abs(x), v128.load(TANH_HIGH)), v128.load(MINUS_TWO)));
  return v128.or(sign, f32x4.abs(f32x4.div(e, f32x4.add(v128.load(TWO), e))));
}

/** exp(x) - 1 for x below 0, x clamped to [-87, 0]. */
@inline
export function expm1Negative4(x: v128): v128 {
  return expm1Clamped(clamp(x, v128.load(EXP_LOW), f32x4.splat(0)));
}

/**
 * log(x) = k ln 2 + log(f), x = 2^k f, f in [sqrt(1/2), sqrt(2)): log(f) = 2 atanh(s), s = (f - 1) / (f + 1),
 * = 2s + 2s³ (1/3 + s²/5 + s⁴/7 + s⁶/9 + s⁸/11).
 */
@inline
export function log4(x: v128): v128 {
  const offset = i32x4.sub(x, v128.load(ROOT_HALF));
  const k = f32x4.convert_i32x4_s(i32x4.shr_s(offset, 23));
  const f = i32x4.add(v128.and(offset, v128.load(MANTISSA)), v128.load(ROOT_HALF));
  const s = f32x4.div(f32x4.sub(f, v128.load(ONE)), f32x4.add(f, v128.load(ONE)));
  const w = f32x4.mul(s, s);
  let q = madd(v128.load(L11), w, v128.load(L9));
  q = madd(q, w, v128.load(L7));
  q = madd(q, w, v128.load(L5));
  q = madd(q, w, v128.load(L3));
  const s2 = f32x4.add(s, s);
  const tail = madd(f32x4.mul(s2, w), q, f32x4.mul(k, v128.load(LN2_LOW)));
  return madd(k, v128.load(LN2_HIGH), f32x4.add(s2, tail));
}

/**
 * log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|), x not below -87: neither overflows nor loses a small e. With
 * u the rounded 1 + e, log(1 + e) = log(u) + (e - (u - 1)) / u: what the rounding took comes back (Goldberg 1991,
 * theorem 4).
 */
@inline
export function softplus4(x: v128): v128 {
  const e = expClamped(f32x4.pmax(f32x4.neg(f32x4.abs(x)), v128.load(EXP_LOW)));
  const u = f32x4.add(v128.load(ONE), e);
  const lost = f32x4.div(f32x4.sub(e, f32x4.sub(u, v128.load(ONE))), u);
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), f32x4.add(log4(u), lost));
}

@inline
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

/** dy (1 - y²) */
@inline
export function tanhGradient4(dy: v128, y: v128): v128 {
  return f32x4.mul(dy, nmadd(y, y, v128.load(ONE)));
}

/** dy y (1 - y) */
@inline
export function sigmoidGradient4(dy: v128, y: v128): v128 {
  return f32x4.mul(f32x4.mul(dy, y), f32x4.sub(v128.load(ONE), y));
}

/** dy where y > 0, else 0 */
@inline
export function reluGradient4(dy: v128, y: v128): v128 {
  return v128.and(dy, f32x4.gt(y, f32x4.splat(0)));
}

// One row loop for all functions of one argument: `which` is a constant at every call, so only its own branch is
// compiled. Whole vectors have loops of their own, without tests of the width: relu 0.45 -> 0.13 ns per element. Two a
// turn, stored only when both are there, share the loads of constants (V8 repeats a load after a store): exp 0.58 ->
// 0.50, sigmoid 0.75 -> 0.64, tanh 0.83 -> 0.75, in the plain build 0.87 -> 0.75, 1.04 -> 0.94, 1.13 -> 1.07 (Granite
// Rapids, Deno 2.9.6, 2026-11-22).
@inline
function unary(which: i32, y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 8; left -= 8, o += 32) {
      const a = function4(which, v128.load(x + o)), b = function4(which, v128.load(x + o, 16));
      v128.store(y + o, a), v128.store(y + o, b, 16);
    }
    for (; left >= 4; left -= 4, o += 16) store(y + o, function4(which, load(x + o, 4)), 4);
    if (left) store(y + o, function4(which, load(x + o, left)), left);
    y += <usize> ldy << 2, x += <usize> ldx << 2;
  }
}

@inline
function function4(which: i32, x: v128): v128 {
  if (which == 0) return exp4(x);
  if (which == 1) return log4(x);
  if (which == 2) return sigmoid4(x);
  if (which == 3) return tanh4(x);
  return relu4(x);
}

/** y = exp(x). x, y [m, n]; y may be x. */
export function exp(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(0, y, x, m, n, ldy, ldx);
}

/** y = log(x), x finite, positive, normal. x, y [m, n]; y may be x. */
export function log(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(1, y, x, m, n, ldy, ldx);
}

/** y = 1 / (1 + exp(-x)). x, y [m, n]; y may be x. */
export function sigmoid(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(2, y, x, m, n, ldy, ldx);
}

/** y = tanh(x). x, y [m, n]; y may be x. */
export function tanh(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(3, y, x, m, n, ldy, ldx);
}

/** y = max(x, 0). x, y [m, n]; y may be x. */
export function relu(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(4, y, x, m, n, ldy, ldx);
}

/** dx = dy (1 - y²). All [m, n]; dx may be dy or y. */
export function tanhBackward(dx: usize, dy: usize, y: usize, m: i32, n: i32, lddx: i32, lddy: i32, ldy: i32): void {
  backward(0, dx, dy, y, m, n, lddx, lddy, ldy);
}

/** dx = dy where y > 0, else 0. All [m, n]; dx may be dy or y. */
export function reluBackward(dx: usize, dy: usize, y: usize, m: i32, n: i32, lddx: i32, lddy: i32, ldy: i32): void {
  backward(1, dx, dy, y, m, n, lddx, lddy, ldy);
}

@inline
function backward(which: i32, dx: usize, dy: usize, y: usize, m: i32, n: i32, lddx: i32, lddy: i32, ldy: i32): void {
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) store(dx + o, gradient4(which, load(dy + o, 4), load(y + o, 4)), 4);
    if (left) store(dx + o, gradient4(which, load(dy + o, left), load(y + o, left)), left);
    dx += <usize> lddx << 2, dy += <usize> lddy << 2, y += <usize> ldy << 2;
  }
}

@inline
function gradient4(which: i32, dy: v128, y: v128): v128 {
  return which == 0 ? tanhGradient4(dy, y) : reluGradient4(dy, y);
}
