/**
 * The activations of ONNX's recurrent operators, selected by number, with their gradients. The numbers are those of
 * ACTIVATION in src/kernels/activation_kinds.ts, in the order of `Kind` here.
 *
 *   identity      x                                 affine           alpha x + beta
 *   relu          max(x, 0)                         leakyRelu        x for x >= 0, else alpha x
 *   tanh                                            thresholdedRelu  x for x >= alpha, else 0
 *   sigmoid                                         scaledTanh       alpha tanh(beta x)
 *   hardSigmoid   min(max(alpha x + beta, 0), 1)    elu              x for x >= 0, else alpha (exp(x) - 1)
 *   softsign      x / (1 + |x|)                     softplus         log(1 + exp(x))
 *
 * Largest errors, both builds: elu (alpha 1) 0.93 ulp, softplus 3.2 ulp, softsign 1.5 ulp, also next to 0. softplus
 * takes x below -87 for -87. NaN stays NaN; softsign of an infinity is NaN.
 */
import { exp4, expm1Negative4, sigmoid4, sigmoidGradient4, softplus4, tanh4, tanhGradient4 } from "./activation";
import { relu, reluBackward, sigmoid, tanh, tanhBackward } from "./activation_rows";
import { ONE } from "./constants";
import { copy } from "./elementwise";
import { load, store } from "./lanes";
import { madd } from "./madd";

const enum Kind {
  Identity,
  Relu,
  Tanh,
  Sigmoid,
  Affine,
  LeakyRelu,
  ThresholdedRelu,
  ScaledTanh,
  HardSigmoid,
  Elu,
  Softsign,
  Softplus,
}

/**
 * y = f(x).
 *
 *   y         [m, n]  out  may be x
 *   x         [m, n]  in
 *   settings  [2]     in   alpha, beta
 *   kind      a number of ACTIVATION, selects f
 */
export function activate(
  y: usize,
  x: usize,
  settings: usize,
  kind: i32,
  m: i32,
  n: i32,
  ldy: i32,
  ldx: i32,
): void {
  if (kind == Kind.Identity) copy(y, x, m, n, ldy, ldx);
  else if (kind == Kind.Relu) relu(y, x, m, n, ldy, ldx);
  else if (kind == Kind.Tanh) tanh(y, x, m, n, ldy, ldx);
  else if (kind == Kind.Sigmoid) sigmoid(y, x, m, n, ldy, ldx);
  else if (kind == Kind.Affine) forward(Kind.Affine, y, x, settings, m, n, ldy, ldx);
  else if (kind == Kind.LeakyRelu) forward(Kind.LeakyRelu, y, x, settings, m, n, ldy, ldx);
  else if (kind == Kind.ThresholdedRelu) forward(Kind.ThresholdedRelu, y, x, settings, m, n, ldy, ldx);
  else if (kind == Kind.ScaledTanh) forward(Kind.ScaledTanh, y, x, settings, m, n, ldy, ldx);
  else if (kind == Kind.HardSigmoid) forward(Kind.HardSigmoid, y, x, settings, m, n, ldy, ldx);
  else if (kind == Kind.Elu) forward(Kind.Elu, y, x, settings, m, n, ldy, ldx);
  else if (kind == Kind.Softsign) forward(Kind.Softsign, y, x, settings, m, n, ldy, ldx);
  else forward(Kind.Softplus, y, x, settings, m, n, ldy, ldx);
}

// `kind` is a constant at every call, so each kind has a row loop for its own function alone.
@inline
function forward(kind: i32, y: usize, x: usize, settings: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  const alpha = v128.load32_splat(settings), beta = v128.load32_splat(settings, 4);
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) store(y + o, function4(kind, load(x + o, 4), alpha, beta), 4);
    if (left) store(y + o, function4(kind, load(x + o, left), alpha, beta), left);
    y += <usize> ldy << 2, x += <usize> ldx << 2;
  }
}

@inline
function function4(kind: i32, x: v128, alpha: v128, beta: v128): v128 {
  const zero = f32x4.splat(0);
  if (kind == Kind.Affine) return madd(alpha, x, beta);
  if (kind == Kind.LeakyRelu) return v128.bitselect(f32x4.mul(alpha, x), x, f32x4.lt(x, zero));
  if (kind == Kind.ThresholdedRelu) return v128.andnot(x, f32x4.lt(x, alpha));
  if (kind == Kind.ScaledTanh) return f32x4.mul(alpha, tanh4(f32x4.mul(beta, x)));
  if (kind == Kind.HardSigmoid) return f32x4.pmin(f32x4.pmax(madd(alpha, x, beta), zero), v128.load(ONE));
  if (kind == Kind.Elu) return v128.bitselect(f32x4.mul(alpha, expm1Negative4(x)), x, f32x4.lt(x, zero));
  if (kind == Kind.Softsign) return f32x4.div(x, f32x4.add(v128.load(ONE), f32x4.abs(x)));
  return softplus4(x);
}

/**
 * dx = dy f'(x). At a corner, f' is 1 at 0 for leakyRelu and elu, 1 at alpha for thresholdedRelu, 0 at both ends of
 * hardSigmoid, and 0 for relu (reluBackward).
 *
 *   dx        [m, n]  out  may be dy, x or y
 *   dy        [m, n]  in
 *   x         [m, n]  in   not read by relu, tanh and sigmoid: may be 0
 *   y         [m, n]  in   f(x), read by relu, tanh and sigmoid alone: else may be 0
 *   settings  [2]     in   alpha, beta
 *   kind      a number of ACTIVATION, selects f
 */
export function activateBackward(
  dx: usize,
  dy: usize,
  x: usize,
  y: usize,
  settings: usize,
  kind: i32,
  m: i32,
  n: i32,
  lddx: i32,
  lddy: i32,
  ldx: i32,
  ldy: i32,
): void {
  if (kind == Kind.Identity) copy(dx, dy, m, n, lddx, lddy);
  else if (kind == Kind.Relu) reluBackward(dx, dy, y, m, n, lddx, lddy, ldy);
  else if (kind == Kind.Tanh) tanhBackward(dx, dy, y, m, n, lddx, lddy, ldy);
  else if (kind == Kind.Sigmoid) backward(Kind.Sigmoid, dx, dy, y, settings, m, n, lddx, lddy, ldy);
  else if (kind == Kind.Affine) backward(Kind.Affine, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else if (kind == Kind.LeakyRelu) backward(Kind.LeakyRelu, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else if (kind == Kind.ThresholdedRelu) backward(Kind.ThresholdedRelu, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else if (kind == Kind.ScaledTanh) backward(Kind.ScaledTanh, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else if (kind == Kind.HardSigmoid) backward(Kind.HardSigmoid, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else if (kind == Kind.Elu) backward(Kind.Elu, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else if (kind == Kind.Softsign) backward(Kind.Softsign, dx, dy, x, settings, m, n, lddx, lddy, ldx);
  else backward(Kind.Softplus, dx, dy, x, settings, m, n, lddx, lddy, ldx);
}

// v is y for sigmoid, and x for all others.
@inline
function backward(
  kind: i32,
  dx: usize,
  dy: usize,
  v: usize,
  settings: usize,
  m: i32,
  n: i32,
  lddx: i32,
  lddy: i32,
  ldv: i32,
): void {
  const alpha = v128.load32_splat(settings), beta = v128.load32_splat(settings, 4);
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) {
      store(dx + o, gradient4(kind, load(dy + o, 4), load(v + o, 4), alpha, beta), 4);
    }
    if (left) store(dx + o, gradient4(kind, load(dy + o, left), load(v + o, left), alpha, beta), left);
    dx += <usize> lddx << 2, dy += <usize> lddy << 2, v += <usize> ldv << 2;
  }
}

@inline
function gradient4(kind: i32, dy: v128, v: v128, alpha: v128, beta: v128): v128 {
  const zero = f32x4.splat(0);
  if (kind == Kind.Sigmoid) return sigmoidGradient4(dy, v);
  const scaled = f32x4.mul(alpha, dy);
  if (kind == Kind.Affine) return scaled;
  if (kind == Kind.LeakyRelu) return v128.bitselect(scaled, dy, f32x4.lt(v, zero));
  if (kind == Kind.ThresholdedRelu) return v128.andnot(dy, f32x4.lt(v, alpha));
  if (kind == Kind.ScaledTanh) return tanhGradient4(f32x4.mul(beta, scaled), tanh4(f32x4.mul(beta, v)));
  if (kind == Kind.HardSigmoid) {
    const line = madd(alpha, v, beta);
    return v128.andnot(scaled, v128.or(f32x4.le(line, zero), f32x4.ge(line, v128.load(ONE))));
  }
  if (kind == Kind.Elu) return v128.bitselect(f32x4.mul(scaled, exp4(v)), dy, f32x4.lt(v, zero));
  if (kind == Kind.Softsign) {
    const d = f32x4.add(v128.load(ONE), f32x4.abs(v));
    return f32x4.div(dy, f32x4.mul(d, d));
  }
  return f32x4.mul(dy, sigmoid4(v));
}
