/** Sums over rows and over flat ranges, each in one documented order. */
import { load, store } from "./lanes";

/**
 * y += the column sums of x. Each element is one chain: start from y, then add rows m - 1, ..., 1, 0.
 *
 *   y  [n]     inout
 *   x  [m, n]  in
 */
export function columnSums(y: usize, x: usize, m: i32, n: i32, ldx: i32): void {
  const stride = <usize> ldx << 2;
  x += <usize> (m - 1) * stride;
  let left = n;
  for (; left >= 16; left -= 16, y += 64, x += 64) {
    let s0 = v128.load(y), s1 = v128.load(y, 16), s2 = v128.load(y, 32), s3 = v128.load(y, 48);
    for (let i = 0, p = x; i < m; i++, p -= stride) {
      s0 = f32x4.add(s0, v128.load(p)), s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32)), s3 = f32x4.add(s3, v128.load(p, 48));
    }
    v128.store(y, s0), v128.store(y, s1, 16), v128.store(y, s2, 32), v128.store(y, s3, 48);
  }
  for (; left > 0; left -= 4, y += 16, x += 16) {
    let s = load(y, left);
    for (let i = 0, p = x; i < m; i++, p -= stride) s = f32x4.add(s, load(p, left));
    store(y, s, left);
  }
}

/**
 * y = x(0) + x(1) + ... + x(n - 1), added one by one in f64 and rounded once to f32.
 *
 *   y  [1]  out
 *   x  [n]  in
 */
export function sum(y: usize, x: usize, n: i32): void {
  let total: f64 = 0;
  for (let i = 0; i < n; i++, x += 4) total += f32.load(x);
  f32.store(y, <f32> total);
}
