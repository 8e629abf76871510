/**
 * The register tile of the wide build: 4 or 5 rows and 16 columns of C, two panels side by side, each element the same
 * chain as in tile.ts. It is for engines that join two neighbouring operations on 128 bits into one on 256: V8 on
 * x86-64 with AVX2, flag --experimental-wasm-revectorize, where no bounds checks separate the operations (Node, Chrome;
 * not Deno).
 *
 * Its 20 accumulators become 10 registers of 256 bits, enough to hide the latency of the multiply-add; a tile of 8
 * columns would have 5. The shuffle that spreads a lane of the four interleaved rows becomes a load. In other engines
 * the accumulators do not fit the registers. A whole LSTM training step of 2 x 128, batch 50, 50 steps: 76 -> 45 ms in
 * Node 26 with the flag, 76 -> 156 without (best of 45; EPYC Milan, 2026-11-27).
 */
import { madd } from "./madd";

/** Whether this is the wide build, by a constant of assembly/build.ts. */
@inline
export const WIDE: bool = WIDE_TILES != 0;

/**
 * `rows` (4 or 5) rows and 16 columns of C, from the panels at p and p + 32 k. The other arguments are those of `tile`.
 */
export function wideTile(
  rows: i32,
  c: usize,
  z: usize,
  a: usize,
  q: usize,
  p: usize,
  k: i32,
  rc: usize,
  ri: usize,
  ra: usize,
): void {
  if (rows == 5) wideRows(5, c, z, a + (ra << 2), q, p, k, rc, ri);
  else wideRows(4, c, z, a, q, p, k, rc, ri);
}

@inline
function wideRows(rows: i32, c: usize, z: usize, a: usize, q: usize, p: usize, k: i32, rc: usize, ri: usize): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
  let c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  let c20 = zero, c21 = zero, c22 = zero, c23 = zero;
  let c30 = zero, c31 = zero, c32 = zero, c33 = zero;
  let c40 = zero, c41 = zero, c42 = zero, c43 = zero;
  if (z) {
    c00 = v128.load(z), c01 = v128.load(z, 16), c02 = v128.load(z, 32), c03 = v128.load(z, 48), z += ri;
    c10 = v128.load(z), c11 = v128.load(z, 16), c12 = v128.load(z, 32), c13 = v128.load(z, 48), z += ri;
    c20 = v128.load(z), c21 = v128.load(z, 16), c22 = v128.load(z, 32), c23 = v128.load(z, 48), z += ri;
    c30 = v128.load(z), c31 = v128.load(z, 16), c32 = v128.load(z, 32), c33 = v128.load(z, 48), z += ri;
    if (rows > 4) c40 = v128.load(z), c41 = v128.load(z, 16), c42 = v128.load(z, 32), c43 = v128.load(z, 48);
  }
  const panel = <usize> k << 5, end = p + panel;
  for (let r = p + panel; p < end; p += 32, r += 32, q += 16) {
    const v = v128.load(q);
    const b0 = v128.load(p), b1 = v128.load(p, 16), b2 = v128.load(r), b3 = v128.load(r, 16);
    let s = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01), c02 = madd(s, b2, c02), c03 = madd(s, b3, c03);
    s = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11), c12 = madd(s, b2, c12), c13 = madd(s, b3, c13);
    s = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21), c22 = madd(s, b2, c22), c23 = madd(s, b3, c23);
    s = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31), c32 = madd(s, b2, c32), c33 = madd(s, b3, c33);
    if (rows > 4) {
      s = v128.load32_splat(a), a += 4;
      c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), c42 = madd(s, b2, c42), c43 = madd(s, b3, c43);
    }
  }
  v128.store(c, c00), v128.store(c, c01, 16), v128.store(c, c02, 32), v128.store(c, c03, 48), c += rc;
  v128.store(c, c10), v128.store(c, c11, 16), v128.store(c, c12, 32), v128.store(c, c13, 48), c += rc;
  v128.store(c, c20), v128.store(c, c21, 16), v128.store(c, c22, 32), v128.store(c, c23, 48), c += rc;
  v128.store(c, c30), v128.store(c, c31, 16), v128.store(c, c32, 32), v128.store(c, c33, 48), c += rc;
  if (rows > 4) v128.store(c, c40), v128.store(c, c41, 16), v128.store(c, c42, 32), v128.store(c, c43, 48);
}
