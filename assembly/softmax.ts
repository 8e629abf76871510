/**
 * Softmax by rows, its gradient, and its cross-entropy with one class per row. A sum over a row runs over four
 * interleaved chains (element j in chain j mod 4), joined as (s0 + s2) + (s1 + s3). The row maximum is subtracted
 * first.
 *
 * Whole vectors have loops without tests of the width, and pmax computes the maximum, in one instruction where V8 needs
 * eight for max: cross-entropy 3.0 -> 1.25 ns per element (Granite Rapids, Deno 2.9.6, 2026-11-22). Four exponentials
 * go in step (activation_rows.ts): 1.41 -> 1.22 with 10,000 classes, 1.78 -> 1.54 with 65, in the plain build 2.42 ->
 * 1.89 and 2.41 -> 2.19 (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
import { exp4, expm1Reduced, Exponential, log4, operand, reduce, result, turns } from "./activation";
import { firstLanes, load, store, sumLanes } from "./lanes";
import { dot } from "./rows";

/**
 * y = softmax(s x), row by row.
 *
 *   y      [m, n]  out  may be x
 *   x      [m, n]  in
 *   scale  [1]     in   s, an inverse temperature
 */
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
 * dx = y (dy - sum_j dy(j) y(j)), row by row, where y = softmax(x). The sum has the order of `rowDots`.
 *
 *   dx  [m, n]  out  may be dy
 *   dy  [m, n]  in
 *   y   [m, n]  in
 */
export function softmaxBackward(
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
    const mean = dot(dy, y, n);
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) {
      v128.store(dx + o, f32x4.mul(v128.load(y + o), f32x4.sub(v128.load(dy + o), mean)));
    }
    if (left) store(dx + o, f32x4.mul(load(y + o, left), f32x4.sub(load(dy + o, left), mean)), left);
    dx += <usize> lddx << 2, dy += <usize> lddy << 2, y += <usize> ldy << 2;
  }
}

/**
 * With (a, b) the row of rowWeights and L = log(sum exp(x - max)) + max:
 *
 *   loss(r) = a (L - x(target)) + b sum_j w(j) (L - x(j))
 *   dx = (p (a + b W) - b w - a onehot(target)) s,   p = exp(x - max) / sum, W = sum_j w(j)
 *
 * b W is what label smoothing takes from the target and gives to all classes (Szegedy et al. 2016). A row with a
 * negative target has loss 0 and dx 0.
 *
 *   loss          [m]      out
 *   dx            [m, n]   out  may be x; 0: loss only
 *   x             [m, n]   in   a row with a negative target is not read
 *   target        [m] i32  in   the class of each row
 *   rowWeights    [m, 2]   in   a, b
 *   classWeights  [n + 1]  in   w, then W; 0: all w are 0
 *   scale         [1]      in   s
 */
export function softmaxCrossEntropy(
  loss: usize,
  dx: usize,
  x: usize,
  target: usize,
  rowWeights: usize,
  classWeights: usize,
  scale: usize,
  m: i32,
  n: i32,
  lddx: i32,
  ldx: i32,
): void {
  const s = f32.load(scale);
  for (let i = 0; i < m; i++) {
    const label = i32.load(target);
    if (label < 0) {
      f32.store(loss, 0);
      if (dx) memory.fill(dx, 0, <usize> n << 2);
    } else {
      const at = <usize> label << 2;
      const a = f32.load(rowWeights), b = f32.load(rowWeights, 4);
      const maximum = rowMaximum(x, n);
      const picked = f32x4.sub(v128.load32_splat(x + at), maximum);
      const below = classWeights ? weightedDistance(classWeights, x, maximum, n) : 0;
      const sum = expRow(dx, x, maximum, n);
      const nan = f32x4.sub(sum, sum); // 0, or the NaN that neither the maximum nor the logarithm passes on
      const logSum = log4(sum);
      let value = a * f32x4.extract_lane(f32x4.add(f32x4.sub(logSum, picked), nan), 0);
      const as = a * s;
      let factor = as;
      if (classWeights) {
        const all = f32.load(classWeights + (<usize> n << 2));
        value += b * (below + all * f32x4.extract_lane(logSum, 0));
        factor += b * s * all;
      }
      f32.store(loss, value);
      if (dx) {
        const t = f32x4.splat(factor);
        let o: usize = 0;
        let left = n;
        for (; left >= 4; left -= 4, o += 16) v128.store(dx + o, f32x4.mul(f32x4.div(v128.load(dx + o), sum), t));
        if (left) store(dx + o, f32x4.mul(f32x4.div(load(dx + o, left), sum), t), left);
        if (classWeights) subtractScaled(dx, classWeights, b * s, n);
        f32.store(dx + at, f32.load(dx + at) - as);
      }
    }
    if (dx) dx += <usize> lddx << 2;
    loss += 4, target += 4, rowWeights += 8, x += <usize> ldx << 2;
  }
}

/** sum_j w(j) (maximum - x(j)). No term is negative. */
function weightedDistance(weight: usize, x: usize, maximum: v128, n: i32): f32 {
  let sum = f32x4.splat(0);
  for (; n > 0; n -= 4, x += 16, weight += 16) {
    sum = f32x4.add(sum, firstLanes(f32x4.mul(load(weight, n), f32x4.sub(maximum, load(x, n))), min(n, 4)));
  }
  return f32x4.extract_lane(sumLanes(sum), 0);
}

/** y = y - s x */
function subtractScaled(y: usize, x: usize, s: f32, n: i32): void {
  const t = f32x4.splat(s);
  for (; n > 0; n -= 4, y += 16, x += 16) store(y, f32x4.sub(load(y, n), f32x4.mul(load(x, n), t)), n);
}

/** The maximum of n floats, in all lanes. A NaN counts only when it is the first. */
export function rowMaximum(x: usize, n: i32): v128 {
  let top = v128.load32_splat(x);
  let left = n;
  for (; left >= 4; left -= 4, x += 16) top = f32x4.pmax(top, v128.load(x));
  for (; left > 0; left--, x += 4) top = f32x4.pmax(top, v128.load32_splat(x));
  top = f32x4.pmax(top, v128.shuffle<f32>(top, top, 2, 3, 0, 1));
  return f32x4.pmax(top, v128.shuffle<f32>(top, top, 1, 0, 3, 2));
}

/** y = exp(x - maximum), which is not stored when y is 0. Returns the sum in all lanes, NaN if one x is NaN. */
export function expRow(y: usize, x: usize, maximum: v128, n: i32): v128 {
  return y ? exponentials(true, y, x, maximum, n) : exponentials(false, y, x, maximum, n);
}

@inline
function shifted(x: v128, maximum: v128): v128 {
  return operand(Exponential.Exp, f32x4.sub(x, maximum));
}

@inline
function exponentials(stored: bool, y: usize, x: usize, maximum: v128, n: i32): v128 {
  let sum = f32x4.splat(0);
  let o: usize = 0;
  let left = n;
  for (; left >= 16; left -= 16, o += 64) {
    const a = x + o;
    const x0 = shifted(v128.load(a), maximum), x1 = shifted(v128.load(a, 16), maximum);
    const x2 = shifted(v128.load(a, 32), maximum), x3 = shifted(v128.load(a, 48), maximum);
    const t0 = turns(x0), t1 = turns(x1), t2 = turns(x2), t3 = turns(x3);
    const q0 = expm1Reduced(reduce(x0, t0)), q1 = expm1Reduced(reduce(x1, t1));
    const q2 = expm1Reduced(reduce(x2, t2)), q3 = expm1Reduced(reduce(x3, t3));
    const e0 = result(Exponential.Exp, x0, t0, q0), e1 = result(Exponential.Exp, x1, t1, q1);
    const e2 = result(Exponential.Exp, x2, t2, q2), e3 = result(Exponential.Exp, x3, t3, q3);
    sum = f32x4.add(f32x4.add(f32x4.add(f32x4.add(sum, e0), e1), e2), e3);
    if (stored) v128.store(y + o, e0), v128.store(y + o, e1, 16), v128.store(y + o, e2, 32), v128.store(y + o, e3, 48);
  }
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
