/**
 * Unpacks LZMA (I. Pavlov, LZMA specification, 2015) with the usual parameters lc = 3, lp = 0, pb = 2: matches with
 * what was written before, and a range coder whose bits have adaptive probabilities.
 *
 * The kernels are embedded in this form: 12.2 KB, where deflate needs 16, and no engine has to have a
 * DecompressionStream.
 */

/** Bits of a probability, of which half is the first value, and how fast it adapts. */
const PROBABILITY_BITS = 11, SHIFT = 5;
/** Flips the order of signed integers to that of unsigned ones. */
const SIGN = -0x80000000;
/** States of the coder: below `LITERALS`, the last symbol was a literal. */
const STATES = 12, LITERALS = 7;
const POSITIONS = 4;

/** Where the probabilities of each decision begin. */
const IS_MATCH = 0;
const IS_REPEATED = IS_MATCH + STATES * POSITIONS;
const IS_LATER = IS_REPEATED + STATES; // the last distance, or a later one? the second? the third?
const IS_LONG = IS_LATER + 3 * STATES;
const SLOT = IS_LONG + STATES * POSITIONS;
const DISTANCE = SLOT + 4 * 64;
const ALIGNED = DISTANCE + 128;
const LENGTH = ALIGNED + 16;
const LENGTHS = 2 + 2 * 8 * POSITIONS + 256;
const LITERAL = LENGTH + 2 * LENGTHS;
const ALL = LITERAL + 0x300 * 8;

/**
 * Unpack bytes.
 *
 * @param packed A file of LZMA ("LZMA alone"): 13 bytes of parameters and sizes, then the code.
 * @param size Number of bytes that were packed.
 */
export function unpackLzma(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(size);
  const probabilities = new Uint16Array(ALL).fill(1 << PROBABILITY_BITS - 1);
  const distances = [0, 0, 0, 0]; // the last ones, less 1
  let at = 14; // the first byte of the code is 0
  let range = -1, code = 0; // unsigned, but kept as 32-bit integers, which engines compute with faster
  for (let i = 0; i < 4; i++) code = code << 8 | packed[at++];

  /** The next bit by its probability. */
  function bit(index: number): number {
    if (!(range >>> 24)) {
      range <<= 8;
      code = code << 8 | packed[at++];
    }
    const probability = probabilities[index], bound = Math.imul(range >>> PROBABILITY_BITS, probability);
    if ((code ^ SIGN) < (bound ^ SIGN)) {
      range = bound;
      probabilities[index] = probability + ((1 << PROBABILITY_BITS) - probability >> SHIFT);
      return 0;
    }
    range = range - bound | 0;
    code = code - bound | 0;
    probabilities[index] = probability - (probability >> SHIFT);
    return 1;
  }

  /** A number of so many bits, the highest first; each prefix has a probability of its own. */
  function number(index: number, bits: number): number {
    let prefix = 1;
    for (let i = 0; i < bits; i++) prefix = 2 * prefix + bit(index + prefix);
    return prefix - (1 << bits);
  }

  /** A number of so many bits, the lowest first. */
  function reversed(index: number, bits: number): number {
    let prefix = 1, value = 0;
    for (let i = 0; i < bits; i++) {
      const next = bit(index + prefix);
      prefix = 2 * prefix + next;
      value += next << i;
    }
    return value;
  }

  /** Bits without probabilities. */
  function direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      if (!(range >>> 24)) {
        range <<= 8;
        code = code << 8 | packed[at++];
      }
      range >>>= 1;
      value *= 2;
      if ((code ^ SIGN) >= (range ^ SIGN)) {
        code = code - range | 0;
        value++;
      }
    }
    return value;
  }

  function length(index: number, position: number): number {
    if (!bit(index)) return 2 + number(index + 2 + 8 * position, 3);
    if (!bit(index + 1)) return 10 + number(index + 2 + 8 * (POSITIONS + position), 3);
    return 18 + number(index + 2 + 16 * POSITIONS, 8);
  }

  function distance(matched: number): number {
    const slot = number(SLOT + 64 * Math.min(matched - 2, 3), 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1, high = (2 + slot % 2) * 2 ** bits;
    if (slot < 14) return high + reversed(DISTANCE + high - slot, bits);
    return high + direct(bits - 4) * 16 + reversed(ALIGNED, 4);
  }

  /**
   * A byte, whose bits depend on the byte before, and behind a match on the byte that the match would have gone on
   * with.
   */
  function literal(to: number, state: number): number {
    const table = LITERAL + 0x300 * (to ? output[to - 1] >> 5 : 0);
    let symbol = 1;
    if (state >= LITERALS) {
      let expected = output[to - 1 - distances[0]];
      for (let isEqual = true; isEqual && symbol < 0x100; expected <<= 1) {
        const wanted = expected >> 7 & 1, found = bit(table + 0x100 * (1 + wanted) + symbol);
        symbol = 2 * symbol + found;
        isEqual = wanted === found;
      }
    }
    while (symbol < 0x100) symbol = 2 * symbol + bit(table + symbol);
    return symbol;
  }

  let state = 0;
  for (let to = 0; to < size;) {
    const position = to % POSITIONS;
    if (!bit(IS_MATCH + POSITIONS * state + position)) {
      output[to] = literal(to++, state);
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let matched: number;
    if (!bit(IS_REPEATED + state)) {
      matched = length(LENGTH, position);
      distances.unshift(distance(matched));
      distances.pop();
      state = state < LITERALS ? 7 : 10;
    } else {
      const isLater = bit(IS_LATER + state);
      if (isLater) {
        const which = !bit(IS_LATER + STATES + state) ? 1 : 2 + bit(IS_LATER + 2 * STATES + state);
        distances.unshift(...distances.splice(which, 1));
      }
      if (isLater || bit(IS_LONG + POSITIONS * state + position)) {
        matched = length(LENGTH + LENGTHS, position);
        state = state < LITERALS ? 8 : 11;
      } else {
        matched = 1;
        state = state < LITERALS ? 9 : 11;
      }
    }
    for (const end = to + matched; to < end; to++) output[to] = output[to - 1 - distances[0]];
  }
  return output;
}
