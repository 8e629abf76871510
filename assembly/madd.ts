/**
 * Multiply-add, in the one file that knows of the two builds. The kernels are compiled once. A product that a sum may
 * fuse with is written as f32x4.min, and the sum as f32x4.max, which no kernel uses otherwise: V8 needs several
 * instructions for them, and one for pmin and pmax. `moduleBytes` of src/kernels/builds.ts puts the instructions of a
 * build in their places: multiplication and addition (`"exact"`, two roundings), or nothing and relaxed_madd (`"fast"`,
 * one rounding). See `marks` in build.ts.
 */

/** a * b + c */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.max(f32x4.min(a, b), c);
}

/** c - a * b */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return madd(f32x4.neg(a), b, c);
}
