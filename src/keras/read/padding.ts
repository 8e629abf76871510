import { ShapeError } from "../../errors.ts";

/** What padding is in a model's input: a step whose elements are all this value, of tokens or of numbers. */
export interface Padding {
  readonly value: number;
  /** Elements of a step; 1 for tokens. */
  readonly width: number;
}

/** Sequences whose padding lies behind their own steps. */
export interface PostPadded {
  /** `[B, T, width]`, or `[B, T]` of tokens: each row's own steps, then padding. */
  readonly x: Float32Array;
  /** Steps of each row that are its own. */
  readonly lengths: Int32Array;
}

/** For each step of `[B, T, width]` whether it is a row's own, in order. */
function unpaddedSteps(x: ArrayLike<number>, batch: number, { value, width }: Padding): boolean[] {
  const steps = x.length / (batch * width);
  if (!Number.isInteger(batch) || batch < 1 || !Number.isInteger(steps) || steps < 1) {
    const shape = width === 1 ? "[batch, T]" : `[batch, T, ${width}]`;
    throw new ShapeError(
      `Cannot find padding: "x" must have shape ${shape} with batch ${batch}, got ${x.length} elements`,
    );
  }
  return Array.from({ length: batch * steps }, (_, i) => {
    for (let j = i * width; j < (i + 1) * width; j++) if (Math.fround(x[j]) !== Math.fround(value)) return true;
    return false;
  });
}

/** Lengths of rows whose padding lies behind their own steps. */
export function lengthsOf(x: ArrayLike<number>, batch: number, padding: Padding): Int32Array {
  const own = unpaddedSteps(x, batch, padding), T = own.length / batch;
  return Int32Array.from({ length: batch }, (_, b) => {
    const row = own.slice(b * T, (b + 1) * T), length = row.lastIndexOf(true) + 1, hole = row.indexOf(false);
    if (!length) throw new ShapeError(`Cannot find lengths: row ${b} of "x" is nothing but padding`);
    if (hole >= 0 && hole < length) {
      throw new ShapeError(
        `Cannot find lengths: row ${b} of "x" has padding at step ${hole}, before its last step ${
          length - 1
        }; see "packed"`,
      );
    }
    return length;
  });
}

/** Rows with all padding moved behind their own steps, which stay in order. */
export function postPadRows(x: ArrayLike<number>, batch: number, padding: Padding): PostPadded {
  const own = unpaddedSteps(x, batch, padding), T = own.length / batch, { width, value } = padding;
  const packed = new Float32Array(x.length).fill(value), lengths = new Int32Array(batch);
  own.forEach((is, i) => {
    if (!is) return;
    const b = Math.floor(i / T), to = (b * T + lengths[b]++) * width;
    for (let j = 0; j < width; j++) packed[to + j] = x[i * width + j];
  });
  const empty = lengths.indexOf(0);
  if (empty >= 0) throw new ShapeError(`Cannot find lengths: row ${empty} of "x" is nothing but padding`);
  return { x: packed, lengths };
}
