/**
 * The order of gates in a recurrent operator of ONNX and in the library's cells: block i of a cell's tensors is block
 * `order[i]` of the operator's tensors.
 *
 * | operator | ONNX       | cells      | peepholes: ONNX | cells   |
 * | -------- | ---------- | ---------- | --------------- | ------- |
 * | RNN      | i          | i          |                 |         |
 * | GRU      | z, r, h    | r, u, n    |                 |         |
 * | LSTM     | i, o, f, c | i, f, g, o | i, o, f         | i, f, o |
 *
 * An LSTM with coupled gates has no f: its cell has the gates i, g, o and the peepholes i, o. `notesGru` has the gates
 * z, r, h~, and its z is 1 - z of ONNX.
 */
export interface GateOrder {
  /** Number of blocks in the operator's tensors. */
  readonly gates: number;
  /** The order of the blocks in weights and biases. */
  readonly order: readonly number[];
  /** The order of the blocks in peepholes, of which the operator has 3. */
  readonly peepholes: readonly number[];
}

/** Gate orders by operator; `coupled` is an LSTM with coupled gates, `notesGru` a GRU with that cell. */
export const GATES = {
  RNN: { gates: 1, order: [0], peepholes: [] },
  GRU: { gates: 3, order: [1, 0, 2], peepholes: [] },
  LSTM: { gates: 4, order: [0, 2, 3, 1], peepholes: [0, 2, 1] },
  coupled: { gates: 4, order: [0, 3, 1], peepholes: [0, 1] },
  notesGru: { gates: 3, order: [0, 1, 2], peepholes: [] },
} as const satisfies Record<string, GateOrder>;

/**
 * Places the blocks of a cell among those of an operator: block `order[i]` of the result is block i of x; other blocks
 * of the `count` are zero.
 */
export function placeBlocks(x: Float32Array, count: number, order: readonly number[]): Float32Array {
  const size = x.length / order.length;
  const placed = new Float32Array(count * size);
  order.forEach((block, i) => placed.set(x.subarray(i * size, (i + 1) * size), block * size));
  return placed;
}
