/** Whole rows: a factor for each row, a number from each row. */
import { load, store, sumLanes } from "./lanes";
import { madd } from "./madd";

/**
 * y(r) = s(r) x(r), or, with `accumulate`, y(r) += s(r) x(r) by one multiply-add.
 *
 *   y  [m, n]  inout  may be x; without `accumulate` it is not read
 *   s  [m]     in     an element every lds; lds = 0: one factor for all rows
 *   x  [m, n]  in     ldx = 0: one row [n] for all rows
 *   accumulate  1 or 0
 */
export function scaleRows(
  y: usize,
  s: usize,
  x: usize,
  m: i32,
  n: i32,
  ldy: i32,
  lds: i32,
  ldx: i32,
  accumulate: i32,
): void {
  if (accumulate) rows(true, y, s, x, m, n, ldy, lds, ldx);
  else rows(false, y, s, x, m, n, ldy, lds, ldx);
}

@inline
function rows(added: bool, y: usize, s: usize, x: usize, m: i32, n: i32, ldy: i32, lds: i32, ldx: i32): void {
  for (let i = 0; i < m; i++) {
    const factor = v128.load32_splat(s);
    let o: usize = 0;
    let left = n;
    for (; left >= 4; left -= 4, o += 16) scaled(added, y + o, factor, x + o, 4);
    if (left) scaled(added, y + o, factor, x + o, left);
    y += <usize> ldy << 2, s += <usize> lds << 2, x += <usize> ldx << 2;
  }
}

@inline
function scaled(added: bool, y: usize, factor: v128, x: usize, k: i32): void {
  store(y, added ? madd(factor, load(x, k), load(y, k)) : f32x4.mul(factor, load(x, k)), k);
}

/**
 * y(r) = sum_j a(r, j) b(r, j), over four interleaved chains (element j in chain j mod 4), joined as (s0 + s2) + (s1 +
 * s3).
 *
 *   y  [m]     out  an element every ldy
 *   a  [m, n]  in
 *   b  [m, n]  in   ldb = 0: one row [n] for all rows
 */
export function rowDots(y: usize, a: usize, b: usize, m: i32, n: i32, ldy: i32, lda: i32, ldb: i32): void {
  for (let i = 0; i < m; i++) {
    v128.store32_lane(y, dot(a, b, n), 0);
    y += <usize> ldy << 2, a += <usize> lda << 2, b += <usize> ldb << 2;
  }
}

/** The dot product of two rows, in all lanes. Lanes behind the end are 0 in both. */
@inline
export function dot(a: usize, b: usize, n: i32): v128 {
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, a += 16, b += 16) sum = madd(v128.load(a), v128.load(b), sum);
  if (n) sum = madd(load(a, n), load(b, n), sum);
  return sumLanes(sum);
}
