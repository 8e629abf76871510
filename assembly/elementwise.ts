/**
 * Copies, sums and products of matrices. In `add`, `subtract`, `multiply`, `divide` and `multiplyAdd` a row stride of 0
 * repeats the one row of an input, which then is not the output.
 */
import { load, store } from "./lanes";
import { madd } from "./madd";

const enum Operation {
  Add,
  Subtract,
  Multiply,
  Divide,
  MultiplyAdd,
}

/**
 * y = x.
 *
 *   y  [m, n]  out
 *   x  [m, n]  in
 */
export function copy(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  for (let i = 0; i < m; i++) {
    memory.copy(y, x, <usize> n << 2);
    y += <usize> ldy << 2, x += <usize> ldx << 2;
  }
}

/**
 * y = xᵀ.
 *
 *   y  [m, n]  out
 *   x  [n, m]  in
 */
export function transpose(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32): void {
  const stride = <usize> ldx << 2;
  for (let i = 0; i < m; i++) {
    for (let j = 0, p = y, q = x + (<usize> i << 2); j < n; j++, p += 4, q += stride) f32.store(p, f32.load(q));
    y += <usize> ldy << 2;
  }
}

/**
 * y = 0.
 *
 *   y  [m, n]  out
 */
export function zero(y: usize, m: i32, n: i32, ldy: i32): void {
  for (let i = 0; i < m; i++) {
    memory.fill(y, 0, <usize> n << 2);
    y += <usize> ldy << 2;
  }
}

/**
 * y = a + b.
 *
 *   y  [m, n]  out  may be a or b
 *   a  [m, n]  in   lda = 0: one row [n] for all rows
 *   b  [m, n]  in   ldb = 0: one row [n] for all rows
 */
export function add(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  binary(Operation.Add, y, a, b, m, n, ldy, lda, ldb);
}

/** y = a - b. Arguments as `add`. */
export function subtract(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  binary(Operation.Subtract, y, a, b, m, n, ldy, lda, ldb);
}

/** y = a b, element by element. Arguments as `add`. */
export function multiply(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  binary(Operation.Multiply, y, a, b, m, n, ldy, lda, ldb);
}

/** y = a / b, element by element. Arguments as `add`. */
export function divide(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  binary(Operation.Divide, y, a, b, m, n, ldy, lda, ldb);
}

/**
 * y += a b, element by element, by one multiply-add.
 *
 *   y  [m, n]  inout  may be a or b
 *   a  [m, n]  in     lda = 0: one row [n] for all rows
 *   b  [m, n]  in     ldb = 0: one row [n] for all rows
 */
export function multiplyAdd(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  binary(Operation.MultiplyAdd, y, a, b, m, n, ldy, lda, ldb);
}

// One row loop for all operations on two operands; `operation` is a constant at every call. Whole vectors have a loop
// without tests of the width: add 0.55 -> 0.20 ns per element (Granite Rapids, Deno 2.9.6, 2026-11-22).
@inline
function binary(
  operation: Operation,
  y: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  ldy: i32,
  lda: i32,
  ldb: i32,
): void {
  for (let i = 0; i < m; i++) {
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) lanes(operation, y + o, a + o, b + o, 4);
    if (left) lanes(operation, y + o, a + o, b + o, left);
    y += <usize> ldy << 2, a += <usize> lda << 2, b += <usize> ldb << 2;
  }
}

@inline
function lanes(operation: Operation, y: usize, a: usize, b: usize, k: i32): void {
  const s = load(a, k), t = load(b, k);
  if (operation == Operation.Add) store(y, f32x4.add(s, t), k);
  else if (operation == Operation.Subtract) store(y, f32x4.sub(s, t), k);
  else if (operation == Operation.Multiply) store(y, f32x4.mul(s, t), k);
  else if (operation == Operation.Divide) store(y, f32x4.div(s, t), k);
  else store(y, madd(s, t, load(y, k)), k);
}
