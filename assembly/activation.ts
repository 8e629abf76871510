/**
 * exp, log, sigmoid, tanh and relu by vectors of four, and the gradients of tanh, sigmoid and relu.
 *
 * exp(x) = 2^k e^r, where k = round(x / ln 2) and r = x - k ln 2 in two parts. e^r - 1 is a polynomial of degree 6, by
 * Horner from the highest term, r last: q = r + r² (1/2 + r (E3 + ...)). NaN passes through every function: a clamp
 * keeps its first operand when the comparison is false.
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
import { madd, nmadd } from "./madd";

@inline
function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** e^r - 1 for |r| <= ln(2) / 2. */
@inline
export function expm1Reduced(r: v128): v128 {
  let q = madd(v128.load(E6), r, v128.load(E5));
  q = madd(q, r, v128.load(E4));
  q = madd(q, r, v128.load(E3));
  q = madd(q, r, v128.load(E2));
  return madd(f32x4.mul(r, r), q, r);
}

/** k + MAGIC */
@inline
export function turns(x: v128): v128 {
  return madd(x, v128.load(LOG2E), v128.load(MAGIC));
}

/** r = x - k ln 2, where t = k + MAGIC. */
@inline
export function reduce(x: v128, t: v128): v128 {
  const k = f32x4.neg(f32x4.sub(t, v128.load(MAGIC)));
  return madd(k, v128.load(LN2_LOW), madd(k, v128.load(LN2_HIGH), x));
}

/** 2^k from t = k + MAGIC: a shift moves k into the exponent of 1. */
@inline
function powerOfTwo(t: v128): v128 {
  return i32x4.add(i32x4.shl(t, 23), v128.load(ONE));
}

/** exp(x) - 1 = s q + (s - 1), with s = 2^k and q = e^r - 1: relatively accurate near 0 too. */
@inline
function expm1(s: v128, q: v128): v128 {
  return madd(s, q, f32x4.sub(s, v128.load(ONE)));
}

/**
 * The functions made of an exponential:
 *
 *   exp(x)
 *   sigmoid(x) = 1 / (1 + exp(-x))
 *   tanh |x| = |e / (2 + e)|, e = expm1(-2 |x|); the sign bit of x is then restored, that of a zero too
 *
 * Each is result(kind, x, t, q), with y = operand(kind, x), t = turns(y) and q = expm1Reduced(reduce(y, t)). The stages
 * are functions of their own so that several vectors can go through them in step.
 */
export const enum Exponential {
  Exp,
  Sigmoid,
  Tanh,
}

@inline
export function operand(kind: Exponential, x: v128): v128 {
  if (kind == Exponential.Exp) return clamp(x, v128.load(EXP_LOW), v128.load(EXP_HIGH));
  if (kind == Exponential.Sigmoid) return clamp(f32x4.neg(x), v128.load(EXP_LOW), v128.load(SIGMOID_HIGH));
  return f32x4.mul(f32x4.pmin(f32x4.abs(x), v128.load(TANH_HIGH)), v128.load(MINUS_TWO));
}

@inline
export function result(kind: Exponential, x: v128, t: v128, q: v128): v128 {
  const s = powerOfTwo(t);
  if (kind == Exponential.Exp) return madd(s, q, s);
  if (kind == Exponential.Sigmoid) return f32x4.div(v128.load(ONE), f32x4.add(v128.load(ONE), madd(s, q, s)));
  const e = expm1(s, q), size = f32x4.abs(f32x4.div(e, f32x4.add(v128.load(TWO), e)));
  return v128.or(v128.and(x, v128.load(SIGN)), size);
}

@inline
export function apply(kind: Exponential, x: v128): v128 {
  const y = operand(kind, x), t = turns(y);
  return result(kind, x, t, expm1Reduced(reduce(y, t)));
}

@inline
export function exp4(x: v128): v128 {
  return apply(Exponential.Exp, x);
}

@inline
export function sigmoid4(x: v128): v128 {
  return apply(Exponential.Sigmoid, x);
}

@inline
export function tanh4(x: v128): v128 {
  return apply(Exponential.Tanh, x);
}

/** exp(x) - 1 for x below 0, x clamped to [-87, 0]. */
@inline
export function expm1Negative4(x: v128): v128 {
  const y = clamp(x, v128.load(EXP_LOW), f32x4.splat(0)), t = turns(y);
  return expm1(powerOfTwo(t), expm1Reduced(reduce(y, t)));
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
 * log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|), with x not below -87: neither overflows nor loses a small e.
 * With u the rounded 1 + e, log(1 + e) = log(u) + (e - (u - 1)) / u, which restores what the rounding took (Goldberg
 * 1991, theorem 4).
 */
@inline
export function softplus4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
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
