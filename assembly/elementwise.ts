/** Copies and sums of matrices. All [m, n] with a row stride each. */
import { load, store } from "./lanes";

/** y = x */
export function copy(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (let i = 0; i < m; i++) {
    memory.copy(y, x, <usize> n << 2);
    y += <usize> ldy << 2, x += <usize> ldx << 2;
  }
}

/** y = xᵀ. y [m, n], x [n, m] */
export function transpose(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  const stride = <usize> ldx << 2;
  for (let i = 0; i < m; i++) {
    for (let j = 0, p = y, q = x + (<usize> i << 2); j < n; j++, p += 4, q += stride) f32.store(p, f32.load(q));
    y += <usize> ldy << 2;
  }
}

/** y = a + b; y may be a or b. */
export function add(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  for (let i = 0; i < m; i++) {
    for (let left = n, o: usize = 0; left > 0; left -= 4, o += 16) {
      store(y + o, f32x4.add(load(a + o, left), load(b + o, left)), left);
    }
    y += <usize> ldy << 2, a += <usize> lda << 2, b += <usize> ldb << 2;
  }
}

/** y = 0 */
export function zero(y: usize, m: i32, n: i32, ldy: i32): void {
  for (let i = 0; i < m; i++) {
    memory.fill(y, 0, <usize> n << 2);
    y += <usize> ldy << 2;
  }
}
