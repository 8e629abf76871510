/** FNV-1a of 32-bit words: tells whether ranks have the same numbers. */
const OFFSET = 0x811c9dc5, PRIME = 0x01000193;
/** Elements of a batch that are looked at. */
const SAMPLE = 1000;

/** Of parameters, bit by bit. */
export function digest({ buffer, byteOffset, length }: Float32Array): number {
  const words = new Int32Array(buffer, byteOffset, length);
  let hash = OFFSET;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ words[i], PRIME);
  return hash >>> 0;
}

/** Of some elements of a list, and how many it has. */
export function sampleDigest(list: ArrayLike<number>): number {
  const stride = Math.max(1, Math.floor(list.length / SAMPLE)), sample: number[] = [list.length];
  for (let i = 0; i < list.length; i += stride) sample.push(list[i]);
  return digest(Float32Array.from(sample));
}

/** Of a text. */
export function textDigest(text: string): number {
  return digest(Float32Array.from(text, (_, i) => text.charCodeAt(i)));
}
