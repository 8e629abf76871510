/**
 * The gates of a GRU, one time step, whose reset acts after the product (cuDNN, PyTorch; Cho et al. 2014, version 1):
 * one recurrent product, n = tanh(nx + r nh). Gate order r, u, n as in PyTorch (which calls u z). Each element is
 * computed on its own: rows may be taken in any order and partitioned anywhere.
 *
 * Both kernels overwrite z. Forward turns pre-activations into gates, and backward turns these gates into the
 * gradients of the pre-activations; so z must reach backward as forward left it.
 *
 * Whole vectors have loops without tests of the width. Activations are computed by rows, as in gate_lstm.ts: gruForward
 * 3.6 -> 2.7, in the plain build 4.9 -> 3.8 (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
import { sigmoidGradient4, tanhGradient4 } from "./activation";
import { sigmoidRow, tanhRow } from "./activation_rows";
import { load, store } from "./lanes";
import { madd } from "./madd";

/**
 * r = sigmoid(r), u = sigmoid(u), n = tanh(nx + r nh), h = n + u (hPrev - n).
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
