/**
 * The gates of a GRU, one time step, in both of its forms. Gate order r, u, n as in PyTorch (which calls u z). h and its kin
 * are [B, H] of row stride ldh, z has row stride ldz. Each element on its own: any order of rows, any split.
 *
 * Reset after the product (cuDNN, PyTorch; Cho et al. 2014, version 1): one recurrent product, n = tanh(nx + r nh).
 * Reset before the product (Cho et al. 2014, version 3; Keras reset_after=False; ONNX's default): the candidate needs r h
 * first, so the step is two products with a kernel between.
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
    for (let left = H, o: usize = 0; left > 0; left -= 4, o += 16) {
      const r = sigmoid4(load(z + o, left));
      store(z + o, r, left), store(rh + o, f32x4.mul(r, load(hPrev + o, left)), left);
    }
    rh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}

/** u = sigmoid(z1) into z1, n = tanh(z2) into z2, h = n + u (hPrev - n). */
export function gruUpdateForward(h: usize, z: usize, hPrev: usize, B: i32, H: i32, ldz: i32, ldh: i32): void {
  const gate = <usize> H << 2;
  for (let b = 0; b < B; b++) {
    for (let left = H, o: usize = 0; left > 0; left -= 4, o += 16) {
      const u = sigmoid4(load(z + gate + o, left)), n = tanh4(load(z + 2 * gate + o, left));
      store(z + gate + o, u, left), store(z + 2 * gate + o, n, left);
      store(h + o, madd(u, f32x4.sub(load(hPrev + o, left), n), n), left);
    }
    h += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
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
    for (let left = H, o: usize = 0; left > 0; left -= 4, o += 16) {
      const u = load(z + gate + o, left), n = load(z + 2 * gate + o, left), d = load(dh + o, left);
      store(z + gate + o, sigmoidGradient4(f32x4.mul(d, f32x4.sub(load(hPrev + o, left), n)), u), left);
      store(z + 2 * gate + o, tanhGradient4(f32x4.sub(d, f32x4.mul(d, u)), n), left);
      store(dhPrev + o, madd(d, u, load(dhPrev + o, left)), left);
    }
    dhPrev += <usize> ldh << 2, dh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
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
    for (let left = H, o: usize = 0; left > 0; left -= 4, o += 16) {
      const r = load(z + o, left), d = load(drh + o, left);
      store(z + o, sigmoidGradient4(f32x4.mul(d, load(hPrev + o, left)), r), left);
      store(dhPrev + o, madd(d, r, load(dhPrev + o, left)), left);
    }
    dhPrev += <usize> ldh << 2, drh += <usize> ldh << 2, hPrev += <usize> ldh << 2, z += <usize> ldz << 2;
  }
}
