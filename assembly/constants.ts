/**
 * The constants of the activation kernels and of the random numbers, in the first KiB of the memory. Each is four equal
 * lanes, except Philox's constants. V8 rebuilds a `v128` literal at every use. A load from a constant address needs no
 * bounds check, and two loads of the same address become one: sigmoid 1.6 and tanh 1.4 times faster (Zen 5, Deno 2.9.6,
 * 2026-11-22).
 */
export const LOG2E: usize = 0x10; // 1 / ln 2
export const MAGIC: usize = 0x20; // 1.5 * 2^23: adding it rounds to an integer, in the low bits
export const LN2_HIGH: usize = 0x30; // 10 bits of ln 2, so that its product with an integer is exact
export const LN2_LOW: usize = 0x40; // ln 2 - LN2_HIGH
// e^r - 1 - r = r² (E2 + E3 r + ... + E6 r⁴) for |r| <= ln(2) / 2: minimax (linear program, E2 = 1/2 fixed). The error
// is below 6e-9 of e^r and 1.4e-8 of e^r - 1. A Taylor series needs r⁷ for 7e-9 and 1.7e-8: exp 0.60 -> 0.54,
// lstmForward 4.5 -> 4.2 ns per element, in the plain build 0.87 -> 0.78 and 6.7 -> 5.8 (Granite Rapids, Deno 2.9.6,
// 2026-11-22).
export const E2: usize = 0x50;
export const E3: usize = 0x60;
export const E4: usize = 0x70;
export const E5: usize = 0x80;
export const E6: usize = 0x90;
export const EXP_LOW: usize = 0xa0; // exp is computed for [-87, 88], sigmoid for [-87, 87]: normal numbers in and out
export const EXP_HIGH: usize = 0xb0;
export const SIGMOID_HIGH: usize = 0xc0;
export const ONE: usize = 0xd0;
export const TWO: usize = 0xe0;
export const MINUS_TWO: usize = 0xf0;
export const TANH_HIGH: usize = 0x100; // tanh(x) rounds to 1 from 9.02 on
export const SIGN: usize = 0x110; // the sign bit alone
export const ROOT_HALF: usize = 0x120; // the bits of sqrt(1/2)
export const MANTISSA: usize = 0x130; // the bits of a mantissa
export const L3: usize = 0x140; // 1/3 to 1/11: atanh(s) / s. log takes 1.02 ns an element with literals,
export const L5: usize = 0x150; // 0.63 with these (Granite Rapids, Deno 2.9.6, 2026-11-22)
export const L7: usize = 0x160;
export const L9: usize = 0x170;
export const L11: usize = 0x180;
export const UNIT: usize = 0x190; // 2^-24
export const PHILOX: usize = 0x1a0; // the two multipliers of Philox4x32, in turn
export const WEYL: usize = 0x1b0; // the two increments of its key, in turn

/** Write the constants. The loader calls this kernel once, before any other. */
export function writeConstants(): void {
  v128.store(LOG2E, f32x4.splat(1.44269504088896341));
  v128.store(MAGIC, f32x4.splat(12582912.0));
  v128.store(LN2_HIGH, f32x4.splat(0.693359375));
  v128.store(LN2_LOW, f32x4.splat(-2.12194440054690583e-4));
  v128.store(E2, f32x4.splat(0.5));
  v128.store(E3, f32x4.splat(0.16666548));
  v128.store(E4, f32x4.splat(0.041666828));
  v128.store(E5, f32x4.splat(0.008366112));
  v128.store(E6, f32x4.splat(0.0013900426));
  v128.store(EXP_LOW, f32x4.splat(-87.0));
  v128.store(EXP_HIGH, f32x4.splat(88.0));
  v128.store(SIGMOID_HIGH, f32x4.splat(87.0));
  v128.store(ONE, f32x4.splat(1.0));
  v128.store(TWO, f32x4.splat(2.0));
  v128.store(MINUS_TWO, f32x4.splat(-2.0));
  v128.store(TANH_HIGH, f32x4.splat(10.0));
  v128.store(SIGN, i32x4.splat(0x80000000));
  v128.store(ROOT_HALF, i32x4.splat(0x3f3504f3));
  v128.store(MANTISSA, i32x4.splat(0x007fffff));
  v128.store(L3, f32x4.splat(0.333333333333333));
  v128.store(L5, f32x4.splat(0.2));
  v128.store(L7, f32x4.splat(0.142857142857143));
  v128.store(L9, f32x4.splat(0.111111111111111));
  v128.store(L11, f32x4.splat(0.0909090909090909));
  v128.store(UNIT, f32x4.splat(5.9604644775390625e-8));
  v128.store(PHILOX, i64x2.splat(0xcd9e8d57d2511f53));
  v128.store(WEYL, i64x2.splat(0xbb67ae859e3779b9));
}
