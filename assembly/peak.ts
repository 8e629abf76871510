/**
 * The limit of the machine for one thread and 128-bit vectors: multiply-adds on registers alone. A module of its own,
 * which only bench/peak.ts uses.
 */
import { madd } from "./madd";

/**
 * 12 independent chains of n multiply-adds each: 96 n flops. Returns a value that depends on all of them. The factors
 * come from the eight floats at p: V8 would rebuild literals at every use.
 */
export function multiplyAdds(p: usize, n: i32): f32 {
  const x = v128.load(p), y = v128.load(p, 16);
  let a0 = y, a1 = f32x4.splat(1), a2 = f32x4.splat(2), a3 = f32x4.splat(3), a4 = f32x4.splat(4), a5 = f32x4.splat(5);
  let a6 = f32x4.splat(6), a7 = f32x4.splat(7), a8 = f32x4.splat(8), a9 = f32x4.splat(9);
  let a10 = f32x4.splat(10), a11 = f32x4.splat(11);
  for (let i = 0; i < n; i++) {
    a0 = madd(a0, x, y), a1 = madd(a1, x, y), a2 = madd(a2, x, y), a3 = madd(a3, x, y);
    a4 = madd(a4, x, y), a5 = madd(a5, x, y), a6 = madd(a6, x, y), a7 = madd(a7, x, y);
    a8 = madd(a8, x, y), a9 = madd(a9, x, y), a10 = madd(a10, x, y), a11 = madd(a11, x, y);
  }
  const s = f32x4.add(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), f32x4.add(f32x4.add(a4, a5), f32x4.add(a6, a7)));
  return f32x4.extract_lane(f32x4.add(s, f32x4.add(f32x4.add(a8, a9), f32x4.add(a10, a11))), 0);
}
