import { ShapeError } from "../../errors.ts";

/** The padding of a model's input: a step is padding when all its elements are `value`. */
export interface Padding {
  readonly value: number;
  /** Elements of a step; 1 for tokens. */
  readonly width: number;
}

/** Sequences whose padding comes last, as with `padding="post"` in Keras. */
export interface PostPadded {
  /** Values `[B, T, width]` or tokens `[B, T]`: the steps of each row, then its padding. */
  readonly x: Float32Array;
  /** The number of steps of each row, without padding. */
  readonly lengths: Int32Array;
}

/** For each step of x `[B, T, width]`, whether it is not padding. */
function unpaddedSteps(x: ArrayLike<number>, batch: number, { value, width }: Padding): boolean[] {
  const T = x.length / (batch * width);
  if (!Number.isInteger(batch) || batch < 1 || !Number.isInteger(T) || T < 1) {
    const shape = width === 1 ? "[batch, T]" : `[batch, T, ${width}]`;
    throw new ShapeError(
      `Cannot find padding: "x" must have shape ${shape} with batch ${batch}, got ${x.length} elements`,
    );
  }
  return Array.from({ length: batch * T }, (_, i) => {
    for (let j = i * width; j < (i + 1) * width; j++) if (Math.fround(x[j]) !== Math.fround(value)) return true;
    return false;
  });
}

/**
 * The lengths of rows whose padding comes last.
 *
 * @throws {ShapeError} When a row has padding before its last step, or consists of padding only.
 */
export function lengthsOf(x: ArrayLike<number>, batch: number, padding: Padding): Int32Array {
  const unpadded = unpaddedSteps(x, batch, padding);
  const T = unpadded.length / batch;
  return Int32Array.from({ length: batch }, (_, b) => {
    const row = unpadded.slice(b * T, (b + 1) * T);
    const length = row.lastIndexOf(true) + 1;
    const firstPadding = row.indexOf(false);
    if (!length) throw onlyPadding(b);
    if (firstPadding < 0 || firstPadding >= length) return length;
    const reason = `row ${b} of "x" has padding at step ${firstPadding}, before its last step ${length - 1}`;
    throw new ShapeError(`Cannot find lengths: ${reason}; see "postPadded"`);
  });
}

/**
 * Rows with all padding moved behind their steps, which stay in order.
 *
 * @throws {ShapeError} When a row consists of padding only.
 */
export function postPadRows(x: ArrayLike<number>, batch: number, padding: Padding): PostPadded {
  const { width, value } = padding;
  const unpadded = unpaddedSteps(x, batch, padding);
  const T = unpadded.length / batch;
  const result = new Float32Array(x.length).fill(value);
  const lengths = new Int32Array(batch);
  unpadded.forEach((isStep, i) => {
    if (!isStep) return;
    const b = Math.floor(i / T);
    const to = (b * T + lengths[b]++) * width;
    for (let j = 0; j < width; j++) result[to + j] = x[i * width + j];
  });
  const empty = lengths.indexOf(0);
  if (empty >= 0) throw onlyPadding(empty);
  return { x: result, lengths };
}

function onlyPadding(row: number): ShapeError {
  return new ShapeError(`Cannot find lengths: row ${row} of "x" consists of padding only`);
}
