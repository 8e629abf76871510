/**
 * The two 16-bit floating point types: F16 (IEEE 754 binary16: 5 bits of exponent, 10 of fraction) and BF16 (the upper
 * half of an f32: 8 bits of exponent, 7 of fraction). Every number of both is an f32. Conversion from f32 rounds to
 * nearest, ties to even.
 *
 * NaN keeps its sign and the upper bits of its payload: each of the 65536 bit patterns stays the same when it is read
 * and written again. Bits move only through integer arrays, because an engine may change the bits of a NaN held as a
 * number.
 */

/** The bits of the f32 infinity. Larger bit patterns are NaN. */
const INFINITY = 0x7f800000;

/** Decodes F16 bits. */
export function fromF16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(bits.length);
  const words = new Uint32Array(numbers.buffer);
  for (let i = 0; i < bits.length; i++) {
    const rest = bits[i] & 0x7fff;
    words[i] = rest << 13;
    if (rest >= 0x7c00) words[i] |= INFINITY;
    else numbers[i] *= 2 ** 112; // the exponent biases are 15 and 127; exact, also for subnormal numbers
    words[i] |= (bits[i] & 0x8000) << 16;
  }
  return numbers;
}

/** Decodes BF16 bits. */
export function fromBF16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}

/** Encodes the nearest F16 numbers. From 65520 up the nearest is infinity. */
export function toF16(numbers: Float32Array): Uint16Array<ArrayBuffer> {
  const words = bitsOf(numbers);
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = words[i] >>> 16 & 0x8000, rest = words[i] & 0x7fffffff;
    let half: number;
    if (rest > INFINITY) half = 0x7c00 | nanPayload(rest >>> 13 & 0x3ff, 0x200);
    else if (rest < 0x38800000) half = Math.abs(numbers[i]) * 2 ** 24 + 2 ** 52 - 2 ** 52; // below 2^-14: subnormal
    else half = Math.min(roundedUpperBits(rest - 0x38000000, 13), 0x7c00);
    bits[i] = sign | half;
  }
  return bits;
}

/** Encodes the nearest BF16 numbers. */
export function toBF16(numbers: Float32Array): Uint16Array<ArrayBuffer> {
  const words = bitsOf(numbers);
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = words[i] >>> 16 & 0x8000, rest = words[i] & 0x7fffffff;
    bits[i] = sign | (rest > INFINITY ? 0x7f80 | nanPayload(rest >>> 16 & 0x7f, 0x40) : roundedUpperBits(rest, 16));
  }
  return bits;
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

/** The word without its `n` lowest bits, rounded to nearest, ties to even. A carry correctly enters the exponent. */
function roundedUpperBits(word: number, n: number): number {
  const half = 1 << (n - 1), odd = word >>> n & 1;
  return word + half - 1 + odd >>> n;
}

/**
 * The payload of a NaN; `quiet` when its upper bits are all zero, because a NaN with payload zero would be infinity.
 */
function nanPayload(bits: number, quiet: number): number {
  return bits || quiet;
}
