/**
 * Philox4x32-10, a counter-based random number generator: a keyed scrambling of a 128-bit counter. Word i of a sequence
 * is a function of i alone, so any part of the sequence can be computed anywhere, in any order.
 *
 * Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */

/** Multipliers of the first and second pair of words (Salmon et al., table 2). */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;

/** Weyl increments of the key, per round: 2^32 times the golden ratio and times the square root of 3, less 1 each. */
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

const ROUNDS = 10;

/**
 * out = Philox4x32-10(counter, key), in exact 32-bit integer arithmetic.
 *
 * @param counter Four 32-bit words; word 0 counts the blocks.
 * @param key Two 32-bit words.
 * @param out Receives four words; may be `counter`.
 */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let c0 = counter[0] | 0, c1 = counter[1] | 0, c2 = counter[2] | 0, c3 = counter[3] | 0;
  let k0 = key[0] | 0, k1 = key[1] | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0), low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2), low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The high 32 bits of the 64-bit product of two unsigned 32-bit words, as a signed 32-bit integer. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16;
  const b0 = b & 0xffff, b1 = b >>> 16;
  // Schoolbook multiplication in base 2^16. No partial sum reaches 2^32, so wrapping to signed loses nothing.
  const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
  const other = (Math.imul(a0, b1) + (middle & 0xffff)) | 0;
  return (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0;
}
