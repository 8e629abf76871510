/**
 * The gates of an LSTM, one time step: Hochreiter & Schmidhuber 1997 with Gers' forget gate, as in PyTorch (gate order
 * i, f, g, o). Each element is computed on its own: rows may be taken in any order and partitioned anywhere.
 *
 * A row's activations are computed one function after the other, in place, each with four vectors in step
 * (activation_rows.ts), although its cells are then read once more: 5.9 -> 4.4 ns per unit against all five functions
 * of a pair of vectors in one pass, in the plain build 8.1 -> 6.1 (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
import { sigmoidGradient4, tanhGradient4 } from "./activation";
import { sigmoidRow, tanhRow } from "./activation_rows";
import { load, store } from "./lanes";
import { madd } from "./madd";

/**
 * i, f, o = sigmoid(z), g = tanh(z); c = f cPrev + i g; tc = tanh(c); h = o tc. The chain of c is f cPrev first, then +
 * i g.
 *
 *   h      [B, H]   out    the new output state
 *   c      [B, H]   out    the new cell state; may be cPrev
 *   tc     [B, H]   out    tanh(c), which lstmBackward reads
 *   z      [B, 4 H] inout  pre-activations of i, f, g, o in, gates i, f, g, o out
 *   cPrev  [B, H]   in     the cell state before the step
 *   ldh    row stride of all [B, H]
 */
export function lstmForward(
  h: usize,
  c: usize,
  tc: usize,
  z: usize,
  cPrev: usize,
  B: i32,
  H: i32,
  ldz: i32,
  ldh: i32,
): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    sigmoidRow(z, z, 2 * H), tanhRow(z + 2 * gate, z + 2 * gate, H), sigmoidRow(z + 3 * gate, z + 3 * gate, H);
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) cellLanes(c + o, z + o, cPrev + o, gate, 4);
    if (left) cellLanes(c + o, z + o, cPrev + o, gate, left);
    tanhRow(tc, c, H);
    o = 0, left = H;
    for (; left >= 4; left -= 4, o += 16) outputLanes(h + o, tc + o, z + 3 * gate + o, 4);
    if (left) outputLanes(h + o, tc + o, z + 3 * gate + o, left);
    h += <usize> ldh << 2, c += <usize> ldh << 2, tc += <usize> ldh << 2, cPrev += <usize> ldh << 2;
    z += <usize> ldz << 2;
  }
}

@inline
function cellLanes(c: usize, z: usize, cPrev: usize, gate: usize, n: i32): void {
  const i = load(z, n), f = load(z + gate, n), g = load(z + 2 * gate, n);
  store(c, madd(i, g, f32x4.mul(f, load(cPrev, n))), n);
}

@inline
function outputLanes(h: usize, tc: usize, o: usize, n: i32): void {
  store(h, f32x4.mul(load(o, n), load(tc, n)), n);
}

/**
 * dct = dc + dh o (1 - tc²); di = dct g, df = dct cPrev, dg = dct i, do = dh tc, each through its activation, into z;
 * dc = dct f.
 *
 *   z      [B, 4 H] inout  gates as lstmForward left them in, gradients of their pre-activations out
 *   dc     [B, H]   inout  gradient of c from step t + 1 in, gradient of cPrev out
 *   dh     [B, H]   in     gradient of h
 *   tc     [B, H]   in     as lstmForward left it
 *   cPrev  [B, H]   in     the cell state before the step
 *   ldh    row stride of all [B, H]
 */
export function lstmBackward(
  z: usize,
  dc: usize,
  dh: usize,
  tc: usize,
  cPrev: usize,
  B: i32,
  H: i32,
  ldz: i32,
  ldh: i32,
): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    let o: usize = 0;
    let left = H;
    for (; left >= 4; left -= 4, o += 16) backwardLanes(z + o, dc + o, dh + o, tc + o, cPrev + o, gate, 4);
    if (left) backwardLanes(z + o, dc + o, dh + o, tc + o, cPrev + o, gate, left);
    dh += <usize> ldh << 2, dc += <usize> ldh << 2, tc += <usize> ldh << 2, cPrev += <usize> ldh << 2;
    z += <usize> ldz << 2;
  }
}

@inline
function backwardLanes(z: usize, dc: usize, dh: usize, tc: usize, cPrev: usize, gate: usize, n: i32): void {
  const i = load(z, n), f = load(z + gate, n), g = load(z + 2 * gate, n), o = load(z + 3 * gate, n);
  const dht = load(dh, n), t = load(tc, n);
  const dct = f32x4.add(load(dc, n), tanhGradient4(f32x4.mul(dht, o), t));
  store(z, sigmoidGradient4(f32x4.mul(dct, g), i), n);
  store(z + gate, sigmoidGradient4(f32x4.mul(dct, load(cPrev, n)), f), n);
  store(z + 2 * gate, tanhGradient4(f32x4.mul(dct, i), g), n);
  store(z + 3 * gate, sigmoidGradient4(f32x4.mul(dht, t), o), n);
  store(dc, f32x4.mul(dct, f), n);
}
