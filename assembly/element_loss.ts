/**
 * Losses of single elements, selected by number. The numbers are those of ELEMENT_LOSS in
 * src/kernels/element_loss_kinds.ts, in the order of `Kind` here. d = x - y; c = d clamped to [-delta, delta].
 *
 *                       f                                        df/dx
 *   squared             d²                                       2 d
 *   absolute            |d|                                      sign(d), 0 at 0
 *   huber               c (d - c / 2)                            c
 *   binaryCrossEntropy  (1 - y) x + ((p - 1) y + 1) log(1 + e^-x)   ((p - 1) y + 1) sigmoid(x) - p y
 *
 * NaN stays NaN.
 */
import { sigmoid4, softplus4 } from "./activation";
import { ONE } from "./constants";
import { load, store } from "./lanes";

const enum Kind {
  Squared,
  Absolute,
  Huber,
  BinaryCrossEntropy,
}

/**
 * loss(r, j) = v(r) f(x(r, j), y(r, j)), and dx = s v f'. A row with v = 0 has loss 0 and dx 0.
 *
 *   loss        [m, n]  out  no gaps between rows
 *   dx          [m, n]  out  0: loss only
 *   x           [m, n]  in   a row with v = 0 is not read
 *   y           [m, n]  in   targets, no gaps between rows; a row with v = 0 is not read
 *   rowWeights  [m]     in   v
 *   settings    [n]     in   delta or p of each column, p the weight of the positive class; not read by the first two
 *   scale       [1]     in   s
 *   kind        a number of ELEMENT_LOSS, selects f
 */
export function elementLoss(
  loss: usize,
  dx: usize,
  x: usize,
  y: usize,
  rowWeights: usize,
  settings: usize,
  scale: usize,
  kind: i32,
  m: i32,
  n: i32,
  lddx: i32,
  ldx: i32,
): void {
  if (kind == Kind.Squared) rows(Kind.Squared, loss, dx, x, y, rowWeights, settings, scale, m, n, lddx, ldx);
  else if (kind == Kind.Absolute) rows(Kind.Absolute, loss, dx, x, y, rowWeights, settings, scale, m, n, lddx, ldx);
  else if (kind == Kind.Huber) rows(Kind.Huber, loss, dx, x, y, rowWeights, settings, scale, m, n, lddx, ldx);
  else rows(Kind.BinaryCrossEntropy, loss, dx, x, y, rowWeights, settings, scale, m, n, lddx, ldx);
}

@inline
function rows(
  kind: i32,
  loss: usize,
  dx: usize,
  x: usize,
  y: usize,
  v: usize,
  settings: usize,
  scale: usize,
  m: i32,
  n: i32,
  lddx: i32,
  ldx: i32,
): void {
  const bytes = <usize> n << 2;
  for (let i = 0; i < m; i++) {
    const weight = f32.load(v);
    if (weight == 0) {
      memory.fill(loss, 0, bytes);
      if (dx) memory.fill(dx, 0, bytes);
    } else {
      const w = f32x4.splat(weight), ws = f32x4.splat(weight * f32.load(scale));
      let o: usize = 0;
      let left = n;
      for (; left >= 4; left -= 4, o += 16) lanes(kind, loss + o, dx, o, x + o, y + o, settings + o, w, ws, 4);
      if (left) lanes(kind, loss + o, dx, o, x + o, y + o, settings + o, w, ws, left);
    }
    if (dx) dx += <usize> lddx << 2;
    loss += bytes, y += bytes, v += 4, x += <usize> ldx << 2;
  }
}

@inline
function lanes(
  kind: i32,
  loss: usize,
  dx: usize,
  o: usize,
  x: usize,
  y: usize,
  settings: usize,
  w: v128,
  ws: v128,
  k: i32,
): void {
  const a = load(x, k), b = load(y, k), p = kind >= Kind.Huber ? load(settings, k) : a;
  store(loss, f32x4.mul(w, value(kind, a, b, p)), k);
  if (dx) store(dx + o, f32x4.mul(ws, slope(kind, a, b, p)), k);
}

@inline
function value(kind: i32, x: v128, y: v128, p: v128): v128 {
  const d = f32x4.sub(x, y);
  if (kind == Kind.Squared) return f32x4.mul(d, d);
  if (kind == Kind.Absolute) return f32x4.abs(d);
  if (kind == Kind.Huber) {
    const c = f32x4.pmin(f32x4.pmax(d, f32x4.neg(p)), p);
    return f32x4.mul(c, f32x4.sub(d, f32x4.mul(c, f32x4.splat(0.5))));
  }
  const one = v128.load(ONE);
  const softened = f32x4.mul(positive(y, p), softplus4(f32x4.neg(x)));
  return f32x4.add(f32x4.mul(f32x4.sub(one, y), x), softened);
}

@inline
function slope(kind: i32, x: v128, y: v128, p: v128): v128 {
  const d = f32x4.sub(x, y);
  if (kind == Kind.Squared) return f32x4.add(d, d);
  if (kind == Kind.Huber) return f32x4.pmin(f32x4.pmax(d, f32x4.neg(p)), p);
  if (kind == Kind.BinaryCrossEntropy) {
    return f32x4.sub(f32x4.mul(positive(y, p), sigmoid4(x)), f32x4.mul(p, y));
  }
  const zero = f32x4.splat(0), one = v128.load(ONE);
  const sign = v128.or(v128.and(one, f32x4.gt(d, zero)), v128.and(f32x4.neg(one), f32x4.lt(d, zero)));
  return f32x4.add(sign, f32x4.sub(d, d)); // plus 0, or NaN
}

/** (p - 1) y + 1 */
@inline
function positive(y: v128, p: v128): v128 {
  const one = v128.load(ONE);
  return f32x4.add(f32x4.mul(f32x4.sub(p, one), y), one);
}
