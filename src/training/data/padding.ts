/**
 * Write sequences of different lengths side by side into a batch, `[T, B, columns]` (batch-first: `[B, T, columns]`).
 * The padding behind each sequence keeps its values.
 */
export function writePadded(
  batch: Float32Array | Float64Array,
  columns: number,
  sequences: readonly ArrayLike<number>[],
  T: number,
  batchFirst: boolean,
): void {
  sequences.forEach((sequence, b) => {
    for (let t = 0, i = 0; i < sequence.length; t++) {
      const at = (batchFirst ? b * T + t : t * sequences.length + b) * columns;
      for (let c = 0; c < columns; c++, i++) batch[at + c] = sequence[i];
    }
  });
}
