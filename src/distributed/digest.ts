/** FNV-1a hashes of 32-bit words. Ranks compare hashes to check that they have the same numbers. */
const OFFSET_BASIS = 0x811c9dc5, PRIME = 0x01000193;
/** The least number of elements that `sampleDigest` reads of a longer array. It reads less than twice as many. */
const SAMPLE = 1000;

/** The hash of the bits of all elements. */
export function digest({ buffer, byteOffset, length }: Float32Array): number {
  const words = new Int32Array(buffer, byteOffset, length);
  let hash = OFFSET_BASIS;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ words[i], PRIME);
  return hash >>> 0;
}

/** The hash of the length of an array and of elements at equal distances. */
export function sampleDigest(array: ArrayLike<number>): number {
  const stride = Math.max(1, Math.floor(array.length / SAMPLE));
  const sample = [array.length];
  for (let i = 0; i < array.length; i += stride) sample.push(array[i]);
  return digest(Float32Array.from(sample));
}

/** The hash of the UTF-16 code units of a text. */
export function textDigest(text: string): number {
  return digest(Float32Array.from(text, (_, i) => text.charCodeAt(i)));
}
