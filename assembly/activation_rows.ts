/**
 * exp, log, sigmoid, tanh and relu of rows and matrices, and the gradients of tanh and relu.
 *
 * The functions made of an exponential take four vectors through their stages in step. Each is a chain of some 20
 * operations that depend on one another: three vectors fill the processor's scheduler (64 entries in Zen 3), and most
 * operations wait. In step, the same stage of three other vectors stands between two stages of a vector. Nanoseconds
 * per element, two vectors one after the other -> four in step: exp 0.69 -> 0.55, sigmoid 0.99 -> 0.70, tanh 1.21 ->
 * 0.89; in the plain build 1.09 -> 0.82, 1.50 -> 1.04, 1.68 -> 1.21. Finer stages are no faster (EPYC Milan, Deno
 * 2.9.6, 2026-11-27).
 *
 * Whole vectors have loops without tests of the width: relu 0.45 -> 0.13 ns per element (Granite Rapids, Deno 2.9.6,
 * 2026-11-22).
 */
import {
  apply,
  Exponential,
  expm1Reduced,
  log4,
  operand,
  reduce,
  reluGradient4,
  relu4,
  result,
  tanhGradient4,
  turns,
} from "./activation";
import { load, store } from "./lanes";

const enum Unary {
  Log,
  Relu,
}

const enum Backward {
  Tanh,
  Relu,
}

/** y = sigmoid(x). x, y [n]; y may be x. */
export function sigmoidRow(y: usize, x: usize, n: i32): void {
  row(Exponential.Sigmoid, y, x, n);
}

/** y = tanh(x). x, y [n]; y may be x. */
export function tanhRow(y: usize, x: usize, n: i32): void {
  row(Exponential.Tanh, y, x, n);
}

@inline
function row(kind: Exponential, y: usize, x: usize, n: i32): void {
  for (; n >= 16; n -= 16, x += 64, y += 64) inStep(kind, y, x);
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, apply(kind, v128.load(x)));
  if (n) store(y, apply(kind, load(x, n)), n);
}

@inline
function inStep(kind: Exponential, y: usize, x: usize): void {
  const x0 = operand(kind, v128.load(x)), x1 = operand(kind, v128.load(x, 16));
  const x2 = operand(kind, v128.load(x, 32)), x3 = operand(kind, v128.load(x, 48));
  const t0 = turns(x0), t1 = turns(x1), t2 = turns(x2), t3 = turns(x3);
  const r0 = reduce(x0, t0), r1 = reduce(x1, t1), r2 = reduce(x2, t2), r3 = reduce(x3, t3);
  const q0 = expm1Reduced(r0), q1 = expm1Reduced(r1), q2 = expm1Reduced(r2), q3 = expm1Reduced(r3);
  const y0 = result(kind, signed(kind, x), t0, q0), y1 = result(kind, signed(kind, x + 16), t1, q1);
  const y2 = result(kind, signed(kind, x + 32), t2, q2), y3 = result(kind, signed(kind, x + 48), t3, q3);
  v128.store(y, y0), v128.store(y, y1, 16), v128.store(y, y2, 32), v128.store(y, y3, 48);
}

// Only tanh reads x again, for its sign.
@inline
function signed(kind: Exponential, x: usize): v128 {
  return kind == Exponential.Tanh ? v128.load(x) : f32x4.splat(0);
}

/**
 * y = exp(x), with x clamped to [-87, 88].
 *
 *   y  [m, n]  out  may be x
 *   x  [m, n]  in
 */
export function exp(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (; m > 0; m--, y += <usize> ldy << 2, x += <usize> ldx << 2) row(Exponential.Exp, y, x, n);
}

/** y = 1 / (1 + exp(-x)). Arguments as `exp`. */
export function sigmoid(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (; m > 0; m--, y += <usize> ldy << 2, x += <usize> ldx << 2) sigmoidRow(y, x, n);
}

/** y = tanh(x). Arguments as `exp`. */
export function tanh(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (; m > 0; m--, y += <usize> ldy << 2, x += <usize> ldx << 2) tanhRow(y, x, n);
}

/** y = log(x), for x finite, positive and normal. Arguments as `exp`. */
export function log(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(Unary.Log, y, x, m, n, ldy, ldx);
}

/** y = max(x, 0); NaN stays. Arguments as `exp`. */
export function relu(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  unary(Unary.Relu, y, x, m, n, ldy, ldx);
}

@inline
function unary(kind: Unary, y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (; m > 0; m--, y += <usize> ldy << 2, x += <usize> ldx << 2) {
    let o: usize = 0;
    let left = n;
    for (; left >= 8; left -= 8, o += 32) {
      const a = function4(kind, v128.load(x + o)), b = function4(kind, v128.load(x + o, 16));
      v128.store(y + o, a), v128.store(y + o, b, 16);
    }
    for (; left > 0; left -= 4, o += 16) store(y + o, function4(kind, load(x + o, left)), left);
  }
}

@inline
function function4(kind: Unary, x: v128): v128 {
  return kind == Unary.Log ? log4(x) : relu4(x);
}

/**
 * dx = dy (1 - y²), where y = tanh(x).
 *
 *   dx  [m, n]  out  may be dy or y
 *   dy  [m, n]  in
 *   y   [m, n]  in
 */
export function tanhBackward(dx: usize, dy: usize, y: usize, m: i32, n: i32, lddx: i32, lddy: i32, ldy: i32): void {
  backward(Backward.Tanh, dx, dy, y, m, n, lddx, lddy, ldy);
}

/** dx = dy where y > 0, else 0, where y = relu(x). Arguments as `tanhBackward`. */
export function reluBackward(dx: usize, dy: usize, y: usize, m: i32, n: i32, lddx: i32, lddy: i32, ldy: i32): void {
  backward(Backward.Relu, dx, dy, y, m, n, lddx, lddy, ldy);
}

@inline
function backward(
  kind: Backward,
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
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) store(dx + o, gradient4(kind, load(dy + o, 4), load(y + o, 4)), 4);
    if (left) store(dx + o, gradient4(kind, load(dy + o, left), load(y + o, left)), left);
    dx += <usize> lddx << 2, dy += <usize> lddy << 2, y += <usize> ldy << 2;
  }
}

@inline
function gradient4(kind: Backward, dy: v128, y: v128): v128 {
  return kind == Backward.Tanh ? tanhGradient4(dy, y) : reluGradient4(dy, y);
}
