/**
 * Products of int8 weights. A column of the weights has a scale, and its elements are integers from -127 to 127. A row
 * of the other factor is rounded when it enters: it has a step and a zero point of its own, and its elements are
 * integers from 0 to 127. So a row has the same bits alone and in a batch. The sums of products are exact integers
 * (dot.ts). All else is rounded operation by operation, whatever the build.
 */
import { BYTES, storeActivations, sumProducts } from "./dot";
import { load, store } from "./lanes";

/** Rows of C in a block at most. */
const BLOCK: i32 = 64;

/** Bytes before the weights of a panel: 16 scales and 16 sums of weights. */
const PANEL_HEAD: usize = 128;

/** Bytes before the activations of a row: its step and its zero point. */
const ROW_HEAD: usize = 16;

/** x + 1.5 2^23 has the integer nearest to x in its low bits, for |x| below 2^22. */
const ROUND: f32 = 12582912;
const ROUND_BITS: i32 = 0x4b400000;

/** 127 / LEAST is finite. */
const LEAST: f32 = 1e-36;

/** k up to a multiple of 16. */
@inline
function padded(k: i32): i32 {
  return (k + 15) & -16;
}

/**
 * C = init + A Wᵀ for int8 weights W. Row i of A is rounded to step (a - zero): with low = min(0, its elements), high =
 * max(0, its elements),
 *
 *     step = (high - low) / 127,   zero = nearest(-low (127 / (high - low))),
 *     a(l) = nearest(A(i, l) (127 / (high - low))) + zero, at most 127
 *
 * and all are 0 where high - low is below 1e-36. With s(j) and w(j, l) from `packInt8`,
 *
 *     C(i, j) = init(i, j) + (sum over l of a(l) w(j, l) - zero sum over l of w(j, l)) (s(j) step)
 *
 * The sums are exact. The elements of a row with NaN or infinity are NaN.
 *
 *   C          [m, n]             out      may be init, to accumulate
 *   init       [m, n]             in       0: none is added; ldi = 0: one row [n] for all rows, a bias
 *   A          [m, k]             in
 *   P          [ceil(n / 16)]     in       panels of W (packInt8)
 *   workspace  [min(m, 64), k + 32]  scratch  and 32 floats more
 *   ldi        row stride of init
 */
export function gemmInt8(
  C: usize,
  init: usize,
  A: usize,
  P: usize,
  workspace: usize,
  m: i32,
  n: i32,
  k: i32,
  ldc: i32,
  ldi: i32,
  lda: i32,
): void {
  const rc = <usize> ldc << 2, ri = init ? <usize> ldi << 2 : 0, ra = <usize> lda << 2;
  for (; m > 0; m -= BLOCK) {
    const rows = min(m, BLOCK);
    block(C, init, A, P, workspace, rows, n, k, rc, ri, ra);
    C += rc * rows, A += ra * rows, init += ri * rows;
  }
}

function block(
  C: usize,
  init: usize,
  A: usize,
  P: usize,
  workspace: usize,
  m: i32,
  n: i32,
  k: i32,
  rc: usize,
  ri: usize,
  ra: usize,
): void {
  const steps = padded(k), row = ROW_HEAD + <usize> (steps * BYTES), panel = PANEL_HEAD + (<usize> steps << 4);
  const sums = workspace, rows = workspace + 128;
  for (let i = 0, q = rows, a = A; i < m; i++, q += row, a += ra) roundRow(q, a, k);
  for (let left = n; left > 0; left -= 16, C += 64, P += panel) {
    let c = C, z = init, q = rows + ROW_HEAD;
    let i = m;
    for (; i > 1; i -= 2, c += rc << 1, z += ri << 1, q += row << 1) {
      sumProducts(sums, q, q + row, P + PANEL_HEAD, steps);
      finish(c, z, sums, q, P, left);
      finish(c + rc, z ? z + ri : 0, sums + 64, q + row, P, left);
    }
    if (i) {
      sumProducts(sums, q, 0, P + PANEL_HEAD, steps);
      finish(c, z, sums, q, P, left);
    }
    if (init) init += 64;
  }
}

/** Round a row of A: its step and zero point, then its activations up to a multiple of 16. */
function roundRow(q: usize, a: usize, k: i32): void {
  const zero = f32x4.splat(0);
  let low = zero, high = zero, notFinite = zero;
  const end = a + (<usize> (k & -4) << 2), last = k & 3, blocks = a + (<usize> (k & -16) << 2);
  for (let p = a; p < end; p += 16) {
    const v = v128.load(p);
    low = f32x4.pmin(low, v), high = f32x4.pmax(high, v), notFinite = f32x4.add(notFinite, f32x4.sub(v, v));
  }
  if (last) {
    const v = load(end, last);
    low = f32x4.pmin(low, v), high = f32x4.pmax(high, v), notFinite = f32x4.add(notFinite, f32x4.sub(v, v));
  }
  low = f32x4.pmin(low, v128.shuffle<f32>(low, low, 2, 3, 0, 1));
  low = f32x4.pmin(low, v128.shuffle<f32>(low, low, 1, 0, 3, 2));
  high = f32x4.pmax(high, v128.shuffle<f32>(high, high, 2, 3, 0, 1));
  high = f32x4.pmax(high, v128.shuffle<f32>(high, high, 1, 0, 3, 2));
  notFinite = f32x4.add(notFinite, v128.shuffle<f32>(notFinite, notFinite, 2, 3, 0, 1));
  notFinite = f32x4.add(notFinite, v128.shuffle<f32>(notFinite, notFinite, 1, 0, 3, 2));
  const range = f32x4.extract_lane(f32x4.sub(high, low), 0);
  const factor: f32 = range > LEAST ? 127 / range : 0;
  const nearest = f32x4.extract_lane(low, 0) * -factor + ROUND;
  const zeroPoint = max(0, min(127, reinterpret<i32>(nearest) - ROUND_BITS));
  f32.store(q, range / 127 + f32x4.extract_lane(notFinite, 0));
  i32.store(q, zeroPoint, 4);
  const f = f32x4.splat(factor), offset = i32x4.splat(ROUND_BITS - zeroPoint);
  q += ROW_HEAD;
  let p = a;
  for (; p < blocks; p += 64, q += 16 * BYTES) {
    const v0 = v128.load(p), v1 = v128.load(p, 16), v2 = v128.load(p, 32), v3 = v128.load(p, 48);
    storeActivations(q, round(v0, f, offset), round(v1, f, offset), round(v2, f, offset), round(v3, f, offset));
  }
  const left = k & 15;
  if (left) {
    const v0 = load(p, left), v1 = left > 4 ? load(p + 16, left - 4) : zero;
    const v2 = left > 8 ? load(p + 32, left - 8) : zero, v3 = left > 12 ? load(p + 48, left - 12) : zero;
    storeActivations(q, round(v0, f, offset), round(v1, f, offset), round(v2, f, offset), round(v3, f, offset));
  }
}

/** Four activations. */
@inline
function round(v: v128, factor: v128, offset: v128): v128 {
  const nearest = i32x4.sub(f32x4.add(f32x4.mul(v, factor), f32x4.splat(ROUND)), offset);
  return i32x4.max_s(i32x4.min_s(nearest, i32x4.splat(127)), i32x4.splat(0));
}

/** min(left, 16) elements of a row of C from the integer sums, the row's step and zero point, and the panel's head. */
function finish(c: usize, z: usize, sums: usize, q: usize, panel: usize, left: i32): void {
  const step = v128.load32_splat(q - ROW_HEAD), zeroPoint = v128.load32_splat(q - ROW_HEAD + 4);
  if (left > 15) {
    let y0 = scaled(sums, panel, 0, step, zeroPoint), y1 = scaled(sums, panel, 16, step, zeroPoint);
    let y2 = scaled(sums, panel, 32, step, zeroPoint), y3 = scaled(sums, panel, 48, step, zeroPoint);
    if (z) {
      y0 = f32x4.add(v128.load(z), y0), y1 = f32x4.add(v128.load(z, 16), y1);
      y2 = f32x4.add(v128.load(z, 32), y2), y3 = f32x4.add(v128.load(z, 48), y3);
    }
    v128.store(c, y0), v128.store(c, y1, 16), v128.store(c, y2, 32), v128.store(c, y3, 48);
    return;
  }
  for (let o: usize = 0; left > 0; left -= 4, o += 16) {
    const y = scaled(sums + o, panel + o, 0, step, zeroPoint);
    store(c + o, z ? f32x4.add(load(z + o, left), y) : y, left);
  }
}

/** Four elements of C without init. */
@inline
function scaled(sums: usize, panel: usize, o: usize, step: v128, zeroPoint: v128): v128 {
  const exact = i32x4.sub(v128.load(sums + o), i32x4.mul(v128.load(panel + o, 64), zeroPoint));
  return f32x4.mul(f32x4.convert_i32x4_s(exact), f32x4.mul(v128.load(panel + o), step));
}

/**
 * P = panels of the int8 weights of W, 16 rows of W a panel: the scales, f32; the sums of the rows' integers, i32; and
 * for each four steps of k four bytes of each row. With L the largest |W(j, l)|,
 *
 *     s(j) = L / 127 rounded up to 17 bits,   w(j, l) = nearest(W(j, l) / s(j)), at most 127
 *
 * The scale of a row with NaN or infinity is NaN. Rows from n on and steps from k on are zero. Weights on the grid that
 * `quantize` makes are kept as they are.
 *
 *   P  [ceil(n / 16), 32 + 4 ceil(k / 16) 16]  out
 *   W  [n, k]                                  in
 */
export function packInt8(P: usize, W: usize, k: i32, n: i32, ldw: i32): void {
  const steps = padded(k), panel = PANEL_HEAD + (<usize> steps << 4), row = <usize> ldw << 2;
  for (; n > 0; n -= 16, P += panel, W += row << 4) {
    memory.fill(P, 0, panel);
    for (let j = 0, w = W; j < min(n, 16); j++, w += row) packRow(P + (<usize> j << 2), w, k);
  }
}

/** One row of W. `p` is the address of its scale. */
function packRow(p: usize, w: usize, k: i32): void {
  const end = w + (<usize> k << 2);
  let largest: f32 = 0;
  for (let x = w; x < end; x += 4) largest = max<f32>(largest, abs<f32>(f32.load(x)));
  const scale = reinterpret<f32>((reinterpret<i32>(largest / 127) + 127) & -128);
  f32.store(p, largest < Infinity ? scale : NaN);
  if (!(largest < Infinity && scale > 0)) return;
  let sum = 0, o: usize = 0;
  for (let x = w; x < end; x += 4, o++) {
    const nearest = f32.load(x) / scale + ROUND;
    const integer = max(-127, min(127, reinterpret<i32>(nearest) - ROUND_BITS));
    i32.store8(p + PANEL_HEAD + (o >> 2 << 6) + (o & 3), integer);
    sum += integer;
  }
  i32.store(p, sum, 64);
}
