/**
 * The gates of a GRU, one time step, in both of its forms. Gate order r, u, n as in PyTorch (which calls u z). h and
 * its kin are [B, H] of row stride ldh, z has row stride ldz. Each element on its own: any order of rows, any split.
 *
 * Reset after the product (cuDNN, PyTorch; Cho et al. 2014, version 1): one recurrent product, n = tanh(nx + r nh).
 * Reset before the product (Cho et al. 2014, version 3; Keras reset_after=False; ONNX's default): the candidate needs r
 * h first, so the step is two products with a kernel between.
 *
 * Whole vectors have loops of their own, without tests of the width: gruUpdateBackward 1.18 -> 0.57, gruResetBackward
 * 0.81 -> 0.40 ns per unit (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { sigmoid4, sigmoidGradient4, tanh4, tanhGradient4 } from "./activation";
import { load, store } from "./lanes";
import { madd } from "./madd";

/**
 * z [B, 4H] = r, u, nx, nh before activation. r = sigmoid(r), u = sigmoid(u), n = tanh(nx + r nh), h = n + u (hPrev - n).
 * z receives r, u, n, nh.
 */
export function gruForward(h: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 8; left -= 8, o += 32) forwardPair(h + o, z + o, hPrev + o, gate);
    for (; left >= 4; left -= 4, o += 16) forwardLanes(h + o, z + o, hPrev + o, gate, 4);
    if (left) forwardLanes(h + o, z + o, hPrev + o, gate, left);
    h += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function forwardLanes(h: usize, z: usize, hPrev: usize, gate: usize, k: i32): void {
  const r = sigmoid4(load(z, k));
  const u = sigmoid4(load(z + gate, k));
  const n = tanh4(madd(r, load(z + 3 * gate, k), load(z + 2 * gate, k)));
  store(z, r, k), store(z + gate, u, k), store(z + 2 * gate, n, k);
  store(h, madd(u, f32x4.sub(load(hPrev, k), n), n), k);
}

// Two vectors, see gate_lstm.ts: 2.92 -> 2.58 ns per unit, in the plain build 4.27 -> 3.77 (Granite Rapids, Deno 2.9.6,
// 2026-11-22).
@inline
function forwardPair(h: usize, z: usize, hPrev: usize, gate: usize): void {
  const zu = z + gate, zn = zu + gate, zh = zn + gate;
  const r0 = sigmoid4(v128.load(z)), r1 = sigmoid4(v128.load(z, 16));
  const u0 = sigmoid4(v128.load(zu)), u1 = sigmoid4(v128.load(zu, 16));
  const n0 = tanh4(madd(r0, v128.load(zh), v128.load(zn))), n1 = tanh4(madd(r1, v128.load(zh, 16), v128.load(zn, 16)));
  const h0 = madd(u0, f32x4.sub(v128.load(hPrev), n0), n0), h1 = madd(u1, f32x4.sub(v128.load(hPrev, 16), n1), n1);
  v128.store(z, r0), v128.store(zu, u0), v128.store(zn, n0), v128.store(h, h0);
  v128.store(z, r1, 16), v128.store(zu, u1, 16), v128.store(zn, n1, 16), v128.store(h, h1, 16);
}

/**
 * z receives the gradients of r, u, nx, nh before activation: dn = dh (1 - u) through tanh, dr = dn nh, dnh = dn r,
 * du = dh (hPrev - n). dhPrev += dh u; the share through the recurrent product is a gemm of its own.
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

/** z [B, 3H]. r = sigmoid(z0) into z0; rh = r hPrev. */
export function gruResetForward(rh: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) resetForwardLanes(rh + o, z + o, hPrev + o, 4);
    if (left) resetForwardLanes(rh + o, z + o, hPrev + o, left);
    rh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function resetForwardLanes(rh: usize, z: usize, hPrev: usize, k: i32): void {
  const r = sigmoid4(load(z, k));
  store(z, r, k), store(rh, f32x4.mul(r, load(hPrev, k)), k);
}

/** u = sigmoid(z1) into z1, n = tanh(z2) into z2, h = n + u (hPrev - n). */
export function gruUpdateForward(h: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) updateForwardLanes(h + o, z + o, hPrev + o, gate, 4);
    if (left) updateForwardLanes(h + o, z + o, hPrev + o, gate, left);
    h += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

@inline
function updateForwardLanes(h: usize, z: usize, hPrev: usize, gate: usize, k: i32): void {
  const u = sigmoid4(load(z + gate, k)), n = tanh4(load(z + 2 * gate, k));
  store(z + gate, u, k), store(z + 2 * gate, n, k);
  store(h, madd(u, f32x4.sub(load(hPrev, k), n), n), k);
}

/** z1 and z2 receive the gradients of u and n before activation; dhPrev += dh u. */
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

/** drh = gradient of r hPrev. z0 receives the gradient of r before activation; dhPrev += drh r. */
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
