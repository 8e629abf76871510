/**
 * Multiply-add, in the one file that knows the two builds. The relaxed build fuses it (one rounding). The plain build
 * rounds the product and then the sum, which takes one more register and one more instruction.
 */

/** a * b + c */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** c - a * b */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** Whether a multiply-add is one operation. */
@inline
export const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;
