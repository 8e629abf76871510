/**
 * The maximum of each element over the steps of a sequence, and its step. Of equal elements the first counts, so that
 * the gradient goes to one of them. A NaN is larger than every number.
 */
import { load, store } from "./lanes";

/**
 * y = x and step = t where x > y, or where x is NaN and y is not. With t = 0, y = x and step = 0 everywhere.
 *
 *   y     [m, n]      inout  not read when t is 0
 *   step  [m, n] i32  inout  not read when t is 0
 *   x     [m, n]      in
 *   t     the step of x
 *   lds   row stride of step
 */
export function maximum(
  y: usize,
  step: usize,
  x: usize,
  t: i32,
  m: i32,
  n: i32,
  ldy: i32,
  lds: i32,
  ldx: i32,
): void {
  const now = i32x4.splat(t);
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    if (t == 0) {
      memory.copy(y, x, <usize> n << 2);
      memory.fill(step, 0, <usize> n << 2);
    } else {
      for (; left >= 4; left -= 4, o += 16) larger(y + o, step + o, x + o, now, 4);
      if (left) larger(y + o, step + o, x + o, now, left);
    }
    y += <usize> ldy << 2, step += <usize> lds << 2, x += <usize> ldx << 2;
  }
}

@inline
function larger(y: usize, step: usize, x: usize, now: v128, k: i32): void {
  const top = load(y, k), value = load(x, k);
  const taken = v128.andnot(f32x4.eq(top, top), f32x4.le(value, top));
  store(y, v128.bitselect(value, top, taken), k);
  store(step, v128.bitselect(now, load(step, k), taken), k);
}

/**
 * dx = dy where step is t, else 0.
 *
 *   dx    [m, n]      out
 *   dy    [m, n]      in
 *   step  [m, n] i32  in
 *   t     the step of dx
 *   lds   row stride of step
 */
export function maximumBackward(
  dx: usize,
  dy: usize,
  step: usize,
  t: i32,
  m: i32,
  n: i32,
  lddx: i32,
  lddy: i32,
  lds: i32,
): void {
  const now = i32x4.splat(t);
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) selected(dx + o, dy + o, step + o, now, 4);
    if (left) selected(dx + o, dy + o, step + o, now, left);
    dx += <usize> lddx << 2, dy += <usize> lddy << 2, step += <usize> lds << 2;
  }
}

@inline
function selected(dx: usize, dy: usize, step: usize, now: v128, k: i32): void {
  store(dx, v128.and(load(dy, k), i32x4.eq(load(step, k), now)), k);
}
