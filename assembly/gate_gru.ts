/**
 * The gates of a GRU, one time step, in both of its forms. Gate order r, u, n as in PyTorch (which calls u z). Each
 * element is computed on its own: rows may be taken in any order and partitioned anywhere.
 *
 * Reset after the product (cuDNN, PyTorch; Cho et al. 2014, version 1): one recurrent product, n = tanh(nx + r nh).
 * Reset before the product (Cho et al. 2014, version 3; Keras reset_after=False; ONNX's default): the candidate needs r
 * h first, so the step is two products with a kernel between.
 *
 * Every kernel overwrites z. Forward turns pre-activations into gates, and backward turns these gates into the
 * gradients of the pre-activations; so z must reach backward as forward left it.
 *
 * Whole vectors have loops without tests of the width: gruUpdateBackward 1.18 -> 0.57, gruResetBackward 0.81 -> 0.40 ns
 * per unit (Granite Rapids, Deno 2.9.6, 2026-11-22). Activations are computed by rows, as in gate_lstm.ts: gruForward
 * 3.6 -> 2.7, in the plain build 4.9 -> 3.8 (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
import { sigmoidGradient4, tanhGradient4 } from "./activation";
import { sigmoidRow, tanhRow } from "./activation_rows";
import { load, store } from "./lanes";
import { madd } from "./madd";

/**
 * Reset after the product. r = sigmoid(r), u = sigmoid(u), n = tanh(nx + r nh), h = n + u (hPrev - n).
 *
 *   h      [B, H]   out    the new state
 *   z      [B, 4 H] inout  pre-activations r, u, nx, nh in, where nh = h Whn + bhn; gates r, u, n and nh out
 *   hPrev  [B, H]   in     the state before the step
 *   ldh    row stride of all [B, H]
 */
export function gruForward(h: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    sigmoidRow(z, z, 2 * H);
    const n = z + 2 * gate;
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) candidateLanes(n + o, z + o, n + gate + o, 4);
    if (left) candidateLanes(n + o, z + o, n + gate + o, left);
    tanhRow(n, n, H);
    mixRow(h, z + gate, n, hPrev, H);
    h += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function candidateLanes(n: usize, r: usize, nh: usize, k: i32): void {
  store(n, madd(load(r, k), load(nh, k), load(n, k)), k);
}

/** h = n + u (hPrev - n), [H] */
@inline
function mixRow(h: usize, u: usize, n: usize, hPrev: usize, H: i32): void {
  let o: usize = 0;
  for (; H >= 4; H -= 4, o += 16) mixLanes(h + o, u + o, n + o, hPrev + o, 4);
  if (H) mixLanes(h + o, u + o, n + o, hPrev + o, H);
}

@inline
function mixLanes(h: usize, u: usize, n: usize, hPrev: usize, k: i32): void {
  const v = load(n, k);
  store(h, madd(load(u, k), f32x4.sub(load(hPrev, k), v), v), k);
}

/**
 * The gradients of gruForward: dn = dh (1 - u) through tanh, dr = dn nh, dnh = dn r, du = dh (hPrev - n), dhPrev += dh
 * u. The part of dhPrev that comes through the recurrent product is a gemm of its own.
 *
 *   z       [B, 4 H] inout  r, u, n, nh as gruForward left them in; gradients of pre-activations r, u, nx, nh out
 *   dhPrev  [B, H]   inout  += dh u
 *   dh      [B, H]   in     gradient of h
 *   hPrev   [B, H]   in     the state before the step
 *   ldh     row stride of all [B, H]
 */
export function gruBackward(
  z: usize,
  dhPrev: usize,
  dh: usize,
  hPrev: usize,
  B: i32,
  H: i32,
  ldz: i32,
  ldh: i32,
): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) backwardLanes(z + o, dhPrev + o, dh + o, hPrev + o, gate, 4);
    if (left) backwardLanes(z + o, dhPrev + o, dh + o, hPrev + o, gate, left);
    dhPrev += <usize> ldh << 2, dh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function backwardLanes(z: usize, dhPrev: usize, dh: usize, hPrev: usize, gate: usize, k: i32): void {
  const r = load(z, k), u = load(z + gate, k), n = load(z + 2 * gate, k), d = load(dh, k);
  const dn = tanhGradient4(f32x4.sub(d, f32x4.mul(d, u)), n);
  store(z, sigmoidGradient4(f32x4.mul(dn, load(z + 3 * gate, k)), r), k);
  store(z + gate, sigmoidGradient4(f32x4.mul(d, f32x4.sub(load(hPrev, k), n)), u), k);
  store(z + 2 * gate, dn, k), store(z + 3 * gate, f32x4.mul(dn, r), k);
  store(dhPrev, madd(d, u, load(dhPrev, k)), k);
}

/**
 * Reset before the product, first half: r = sigmoid(z0) and rh = r hPrev. z0, z1, z2 are the three thirds of z.
 *
 *   rh     [B, H]   out    the operand of the candidate's recurrent product
 *   z      [B, 3 H] inout  z0: pre-activation of r in, r out; the rest is neither read nor written
 *   hPrev  [B, H]   in     the state before the step
 *   ldh    row stride of all [B, H]
 */
export function gruResetForward(rh: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  for (let b = 0; b < B; b++) {
    sigmoidRow(z, z, H);
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) v128.store(rh + o, f32x4.mul(v128.load(z + o), v128.load(hPrev + o)));
    if (left) store(rh + o, f32x4.mul(load(z + o, left), load(hPrev + o, left)), left);
    rh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

/**
 * Reset before the product, second half: u = sigmoid(z1), n = tanh(z2), h = n + u (hPrev - n).
 *
 *   h      [B, H]   out    the new state
 *   z      [B, 3 H] inout  z1, z2: pre-activations of u and n in, u and n out; z0 is neither read nor written
 *   hPrev  [B, H]   in     the state before the step
 *   ldh    row stride of all [B, H]
 */
export function gruUpdateForward(h: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    const u = z + gate, n = u + gate;
    sigmoidRow(u, u, H), tanhRow(n, n, H);
    mixRow(h, u, n, hPrev, H);
    h += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

/**
 * The gradients of gruUpdateForward: dn = dh (1 - u) through tanh, du = dh (hPrev - n), dhPrev += dh u.
 *
 *   z       [B, 3 H] inout  z1, z2: u and n in, gradients of their pre-activations out; z0 is neither read nor written
 *   dhPrev  [B, H]   inout  += dh u
 *   dh      [B, H]   in     gradient of h
 *   hPrev   [B, H]   in     the state before the step
 *   ldh     row stride of all [B, H]
 */
export function gruUpdateBackward(
  z: usize,
  dhPrev: usize,
  dh: usize,
  hPrev: usize,
  B: i32,
  H: i32,
  ldz: i32,
  ldh: i32,
): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) updateBackwardLanes(z + o, dhPrev + o, dh + o, hPrev + o, gate, 4);
    if (left) updateBackwardLanes(z + o, dhPrev + o, dh + o, hPrev + o, gate, left);
    dhPrev += <usize> ldh << 2, dh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function updateBackwardLanes(z: usize, dhPrev: usize, dh: usize, hPrev: usize, gate: usize, k: i32): void {
  const u = load(z + gate, k), n = load(z + 2 * gate, k), d = load(dh, k);
  store(z + gate, sigmoidGradient4(f32x4.mul(d, f32x4.sub(load(hPrev, k), n)), u), k);
  store(z + 2 * gate, tanhGradient4(f32x4.sub(d, f32x4.mul(d, u)), n), k);
  store(dhPrev, madd(d, u, load(dhPrev, k)), k);
}

/**
 * The gradients of gruResetForward: dr = drh hPrev, dhPrev += drh r.
 *
 *   z       [B, 3 H] inout  z0: r in, the gradient of its pre-activation out, drh hPrev r (1 - r)
 *   dhPrev  [B, H]   inout  += drh r
 *   drh     [B, H]   in     gradient of rh
 *   hPrev   [B, H]   in     the state before the step
 *   ldh     row stride of all [B, H]
 */
export function gruResetBackward(
  z: usize,
  dhPrev: usize,
  drh: usize,
  hPrev: usize,
  B: i32,
  H: i32,
  ldz: i32,
  ldh: i32,
): void {
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) resetBackwardLanes(z + o, dhPrev + o, drh + o, hPrev + o, 4);
    if (left) resetBackwardLanes(z + o, dhPrev + o, drh + o, hPrev + o, left);
    dhPrev += <usize> ldh << 2, drh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function resetBackwardLanes(z: usize, dhPrev: usize, drh: usize, hPrev: usize, k: i32): void {
  const r = load(z, k), d = load(drh, k);
  store(z, sigmoidGradient4(f32x4.mul(d, load(hPrev, k)), r), k);
  store(dhPrev, madd(d, r, load(dhPrev, k)), k);
}
