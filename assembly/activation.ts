/**
 * exp, log, sigmoid, tanh and relu by vectors of four, and the backward halves of tanh and relu.
 *
 * exp(x) = 2^k e^r: k = round(x / ln 2), r = x - k ln 2 in two parts, e^r - 1 by a polynomial of degree 7, Horner from the
 * highest term, r last: q = r + r² (1/2 + r (1/6 + ...)). NaN passes through every function: clamps keep their first
 * operand when the comparison is false.
 */
import {
  E2,
  E3,
  E4,
  E5,
  E6,
  E7,
  EXP_HIGH,
  EXP_LOW,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  MAGIC,
  MINUS_TWO,
  ONE,
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
  let q = madd(v128.load(E7), r, v128.load(E6));
  q = madd(q, r, v128.load(E5));
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
  const a = f32x4.mul(f32x4.pmin(f32x4.abs(x), v128.load(TANH_HIGH)), v128.load(MINUS_TWO));
  const t = madd(a, v128.load(LOG2E), v128.load(MAGIC));
  const s = powerOfTwo(t);
  const e = madd(s, expm1Reduced(reduce(a, t)), f32x4.sub(s, v128.load(ONE)));
  return v128.or(sign, f32x4.abs(f32x4.div(e, f32x4.add(v128.load(TWO), e))));
}

/**
 * log(x) = k ln 2 + log(f), x = 2^k f, f in [sqrt(1/2), sqrt(2)): log(f) = 2 atanh(s), s = (f - 1) / (f + 1),
 * = 2s + 2s³ (1/3 + s²/5 + s⁴/7 + s⁶/9 + s⁸/11). Literals: log runs once a row, not once an element.
 */
@inline
export function log4(x: v128): v128 {
  const offset = i32x4.sub(x, i32x4.splat(0x3f3504f3)); // bits of sqrt(1/2)
  const k = f32x4.convert_i32x4_s(i32x4.shr_s(offset, 23));
  const f = i32x4.add(v128.and(offset, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const s = f32x4.div(f32x4.sub(f, v128.load(ONE)), f32x4.add(f, v128.load(ONE)));
  const w = f32x4.mul(s, s);
  let q = madd(f32x4.splat(0.0909090909090909), w, f32x4.splat(0.111111111111111));
  q = madd(q, w, f32x4.splat(0.142857142857143));
  q = madd(q, w, f32x4.splat(0.2));
  q = madd(q, w, f32x4.splat(0.333333333333333));
  const s2 = f32x4.add(s, s);
  const tail = madd(f32x4.mul(s2, w), q, f32x4.mul(k, v128.load(LN2_LOW)));
  return madd(k, v128.load(LN2_HIGH), f32x4.add(s2, tail));
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

// One row loop for all functions of one argument: `which` is a constant at every call, so only its own branch is compiled.
@inline
function unary(which: i32, y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (let i = 0; i < m; i++) {
    let p = y, q = x;
    for (let left = n; left > 0; left -= 4, p += 16, q += 16) {
      const v = load(q, left);
      if (which == 0) store(p, exp4(v), left);
      else if (which == 1) store(p, log4(v), left);
      else if (which == 2) store(p, sigmoid4(v), left);
      else if (which == 3) store(p, tanh4(v), left);
      else store(p, relu4(v), left);
    }
    y += <usize> ldy << 2;
    x += <usize> ldx << 2;
  }
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
export function tanhBackward(
  dx: usize,
  dy: usize,
  y: usize,
  m: i32,
  n: i32,
  lddx: i32,
  lddy: i32,
  ldy: i32,
): void {
  for (let i = 0; i < m; i++) {
    for (let left = n, o: usize = 0; left > 0; left -= 4, o += 16) {
      store(dx + o, tanhGradient4(load(dy + o, left), load(y + o, left)), left);
    }
    dx += <usize> lddx << 2;
    dy += <usize> lddy << 2;
    y += <usize> ldy << 2;
  }
}

/** dx = dy where y > 0, else 0. All [m, n]; dx may be dy or y. */
export function reluBackward(
  dx: usize,
  dy: usize,
  y: usize,
  m: i32,
  n: i32,
  lddx: i32,
  lddy: i32,
  ldy: i32,
): void {
  for (let i = 0; i < m; i++) {
    for (let left = n, o: usize = 0; left > 0; left -= 4, o += 16) {
      const positive = f32x4.gt(load(y + o, left), f32x4.splat(0));
      store(dx + o, v128.and(load(dy + o, left), positive), left);
    }
    dx += <usize> lddx << 2;
    dy += <usize> lddy << 2;
    y += <usize> ldy << 2;
  }
}
