import { assert } from "@std/assert";

/** Half an ulp of 1: the largest relative error of one rounding to f32. */
export const U = 2 ** -24;

/**
 * How far a recurrent net's results in f32 may be from the truth, relative to the largest number of the tensor, when
 * the longest path from input to result makes `roundings` roundings. Errors of independent sign add up like a random
 * walk (Higham & Mary 2019), so like the root of their number; the recurrence does not amplify them, its first weights,
 * uniform in ±1 / sqrt(H), having a spectral radius near 0.6. The worst of all cells, sizes, tensors and builds in the
 * tests reaches 0.35 of the bound with the factor 2.
 */
export function walk(roundings: number): number {
  return 2 * Math.sqrt(roundings) * U;
}

/**
 * Roundings on the longest path through T steps of a cell of up to four gates, and through a gradient over T * B rows.
 */
export function cellRoundings({ T, B, I, H }: { T: number; B: number; I: number; H: number }): number {
  // A step forward sums I + H products and then evaluates some 16 operations of a gate; a step backward sums 4 H
  // products.
  return T * (I + 5 * H + 16 + B);
}

/** The largest difference between two tensors; NaN if a difference is NaN. */
export function distance(got: ArrayLike<number>, want: ArrayLike<number>): number {
  assert(got.length === want.length, `${got.length} elements, expected ${want.length}`);
  return Array.from(want, (value, i) => Math.abs(got[i] - value)).reduce((a, b) => Math.max(a, b), 0);
}

/** The largest absolute value of a tensor. */
export function size(tensor: ArrayLike<number>): number {
  return distance(tensor, new Float32Array(tensor.length));
}
