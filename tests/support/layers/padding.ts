/** Sequences `[T, B, ...]` whose rows have lengths. The steps after a row's length are padding. */
import { assert } from "@std/assert";
import { type Data, dataRows, resultRows, type Results, type Shape, steps } from "../cells/trial.ts";

/** A sequence with all padding replaced. */
export function padded<A extends Float32Array | Int32Array>(
  sequence: A,
  { T, B }: Shape,
  lengths: ArrayLike<number>,
  value: number,
): A {
  const width = sequence.length / (T * B), copy = sequence.slice() as A;
  for (let row = 0; row < T * B; row++) {
    if (Math.floor(row / B) >= lengths[row % B]) copy.fill(value, row * width, (row + 1) * width);
  }
  return copy;
}

/** Data with other padding in x and in the gradient of the output. */
export function paddedData(data: Data, shape: Shape, lengths: ArrayLike<number>, x: number, dOutput: number): Data {
  return {
    ...data,
    x: padded(data.x, shape, lengths, x),
    dOutput: padded(data.dOutput, shape, lengths, dOutput),
  };
}

/** One row of data, without its padding. */
export function shortRow(data: Data, shape: Shape, row: number, length: number): Data {
  const alone = dataRows(data, shape, [row]), cut = (x: Float32Array) => steps(x, shape.T, 0, length).slice();
  return { ...alone, x: cut(alone.x), dOutput: cut(alone.dOutput) };
}

/** One row of results without its padding. Asserts that the padding is zeros. */
export function shortResult(results: Results, shape: Shape, row: number, length: number, what: string): Results {
  const alone = resultRows(results, shape, [row]);
  for (const name of ["output", "dx"]) {
    if (!alone[name]) continue;
    const behind = steps(alone[name], shape.T, length, shape.T);
    assert(behind.every((value) => value === 0), `${what}: ${name} is not zero behind row ${row}`);
    alone[name] = steps(alone[name], shape.T, 0, length);
  }
  return alone;
}

/** Rows of an `[m, n, ...]` tensor as `[n, m, ...]`. */
export function transposed<A extends Float32Array | Int32Array>(data: A, m: number, n: number): A {
  const width = data.length / (m * n), result = data.slice() as A;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      result.set(data.subarray((i * n + j) * width, (i * n + j + 1) * width), (j * m + i) * width);
    }
  }
  return result;
}
