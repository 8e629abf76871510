/**
 * Panels: a matrix [k, n] stored as ceil(n / 8) panels of 8 columns, each panel k rows of 8 floats. Element (i, 8 j +
 * c) is at index (j k + i) 8 + c; columns from n on are zero. Weights are packed once per update, and every gemm of the
 * step reads the panels, the matrix-vector product too. Whole panels have loops without tests of the width: 0.27 ->
 * 0.14 ns per element (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { load, loadHigh } from "./lanes";
import { interleaves } from "./tile";

/**
 * P = panels of W.
 *
 *   P  [ceil(n / 8), k, 8]  out
 *   W  [k, n]               in
 */
export function pack(P: usize, W: usize, k: i32, n: i32, ldw: i32): void {
  const stride = <usize> ldw << 2;
  let left = n;
  for (; left >= 8; left -= 8, W += 32) {
    for (let i = 0, w = W; i < k; i++, w += stride, P += 32) {
      v128.store(P, v128.load(w));
      v128.store(P, v128.load(w, 16), 16);
    }
  }
  if (left) {
    for (let i = 0, w = W; i < k; i++, w += stride, P += 32) {
      v128.store(P, load(w, left));
      v128.store(P, loadHigh(w, left), 16);
    }
  }
}

/**
 * P = panels of Wᵀ: element (i, 8 j + c) is W(8 j + c, i).
 *
 *   P  [ceil(n / 8), k, 8]  out
 *   W  [n, k]               in
 */
export function packTransposed(P: usize, W: usize, k: i32, n: i32, ldw: i32): void {
  const stride = <usize> ldw << 2;
  for (let left = n; left > 0; left -= 8, W += stride << 3, P += <usize> k << 5) {
    half(P, W, k, left, stride);
    half(P + 16, W + (stride << 2), k, left - 4, stride);
  }
}

/** Four columns of a panel from up to four rows of W; each turn of the loop takes four elements of k. */
function half(p: usize, w: usize, k: i32, rows: i32, stride: usize): void {
  const w1 = rows > 1 ? w + stride : 0, w2 = rows > 2 ? w + 2 * stride : 0, w3 = rows > 3 ? w + 3 * stride : 0;
  const zero = f32x4.splat(0);
  for (let left = k, o: usize = 0; left > 0; left -= 4, o += 16, p += 128) {
    const a = rows > 0 ? load(w + o, left) : zero;
    const b = w1 ? load(w1 + o, left) : zero;
    const c = w2 ? load(w2 + o, left) : zero;
    const d = w3 ? load(w3 + o, left) : zero;
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(p, v128.shuffle<f64>(ab, cd, 0, 2));
    if (left > 1) v128.store(p, v128.shuffle<f64>(ab, cd, 1, 3), 32);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    if (left > 2) v128.store(p, v128.shuffle<f64>(ab2, cd2, 0, 2), 64);
    if (left > 3) v128.store(p, v128.shuffle<f64>(ab2, cd2, 1, 3), 96);
  }
}

/** q [k, 4] = the first four rows of A [4, k], whose rows are `stride` bytes apart. */
export function interleave(q: usize, a: usize, k: i32, stride: usize): void {
  let a1 = a + stride, a2 = a1 + stride, a3 = a2 + stride;
  const end = a + (<usize> k << 2), most = a + (<usize> (k & -4) << 2);
  while (a < most) {
    const x0 = v128.load(a), x1 = v128.load(a1), x2 = v128.load(a2), x3 = v128.load(a3);
    const x01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), x23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    v128.store(q, v128.shuffle<f64>(x01, x23, 0, 2)), v128.store(q, v128.shuffle<f64>(x01, x23, 1, 3), 16);
    const y01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7), y23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(q, v128.shuffle<f64>(y01, y23, 0, 2), 32), v128.store(q, v128.shuffle<f64>(y01, y23, 1, 3), 48);
    a += 16, a1 += 16, a2 += 16, a3 += 16, q += 64;
  }
  while (a < end) {
    f32.store(q, f32.load(a)), f32.store(q, f32.load(a1), 4);
    f32.store(q, f32.load(a2), 8), f32.store(q, f32.load(a3), 12);
    a += 4, a1 += 4, a2 += 4, a3 += 4, q += 16;
  }
}

/**
 * Copy the first `rows` (1 to 5) columns of k rows of A, from row `a` upwards, into the layout that a tile reads
 * (tile.ts): rows [rows, k], or, of 4 or 5 rows, the first four interleaved [k, 4] and the fifth behind them. The rows
 * of A are `stride` bytes apart. `sums` [rows], unless 0, += the sums of the columns, one chain a column.
 */
export function copyColumns(q: usize, sums: usize, a: usize, k: i32, rows: i32, stride: usize): void {
  const row = <usize> k << 2;
  if (!interleaves(rows)) {
    for (let r = 0; r < rows; r++) copyColumn(q + row * r, sums ? sums + (<usize> r << 2) : 0, a + 4 * r, k, stride);
    return;
  }
  if (rows > 4) copyFour(true, q, sums, a, k, stride);
  else copyFour(false, q, sums, a, k, stride);
}

// The fifth column goes along: its sum and those of the four are two chains that do not wait for each other. gemmTN
// 88.3 -> 91.0 % of the limit for 512 x 128 x 2500 against a pass of its own (EPYC Milan, Deno 2.9.6, 2026-11-27).
@inline
function copyFour(fifth: bool, q: usize, sums: usize, a: usize, k: i32, stride: usize): void {
  const two = stride << 1, four = stride << 2;
  let s = sums ? v128.load(sums) : f32x4.splat(0), s4: f32 = sums && fifth ? f32.load(sums, 16) : 0;
  let q4 = q + (<usize> k << 4);
  for (; k > 3; k -= 4, a -= four, q += 64) {
    const a1 = a - stride, a2 = a - two, a3 = a1 - two;
    const x0 = v128.load(a), x1 = v128.load(a1), x2 = v128.load(a2), x3 = v128.load(a3);
    v128.store(q, x0), v128.store(q, x1, 16), v128.store(q, x2, 32), v128.store(q, x3, 48);
    s = f32x4.add(f32x4.add(f32x4.add(f32x4.add(s, x0), x1), x2), x3);
    if (fifth) {
      const y0 = f32.load(a, 16), y1 = f32.load(a1, 16), y2 = f32.load(a2, 16), y3 = f32.load(a3, 16);
      f32.store(q4, y0), f32.store(q4, y1, 4), f32.store(q4, y2, 8), f32.store(q4, y3, 12);
      s4 = s4 + y0 + y1 + y2 + y3, q4 += 16;
    }
  }
  for (; k > 0; k--, a -= stride, q += 16) {
    const x = v128.load(a);
    v128.store(q, x), s = f32x4.add(s, x);
    if (fifth) {
      const y = f32.load(a, 16);
      f32.store(q4, y), s4 += y, q4 += 4;
    }
  }
  if (sums) v128.store(sums, s);
  if (sums && fifth) f32.store(sums, s4, 16);
}

function copyColumn(q: usize, sum: usize, a: usize, k: i32, stride: usize): void {
  const two = stride << 1, four = stride << 2;
  let s: f32 = sum ? f32.load(sum) : 0;
  for (; k > 3; k -= 4, a -= four, q += 16) {
    const b = a - two, x0 = f32.load(a), x1 = f32.load(a - stride), x2 = f32.load(b), x3 = f32.load(b - stride);
    f32.store(q, x0), f32.store(q, x1, 4), f32.store(q, x2, 8), f32.store(q, x3, 12);
    s = s + x0 + x1 + x2 + x3;
  }
  for (; k > 0; k--, a -= stride, q += 4) {
    const x = f32.load(a);
    f32.store(q, x), s += x;
  }
  if (sum) f32.store(sum, s);
}
