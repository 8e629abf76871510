/**
 * The order of gates in ONNX's recurrent operators and in our cells: block i of ours is block `order[i]` of theirs.
 *
 * | operator | theirs     | ours       | peepholes: theirs | ours    |
 * | -------- | ---------- | ---------- | ----------------- | ------- |
 * | RNN      | i          | i          |                   |         |
 * | GRU      | z, r, h    | r, u, n    |                   |         |
 * | LSTM     | i, o, f, c | i, f, g, o | i, o, f           | i, f, o |
 *
 * An LSTM with coupled gates has no f of its own: ours are i, g, o and i, o. `notesGru` has z, r, h~, its z being their 1 - z.
 */
export interface GateOrder {
  /** Blocks that the operator's tensors have. */
  readonly gates: number;
  /** Of weights and biases. */
  readonly order: readonly number[];
  /** Of peepholes, of which the operator has 3. */
  readonly peepholes: readonly number[];
}

/** Recurrent operators by name; LSTM with coupled gates as `"coupled"`, a GRU of `notesGru` by that name. */
export const GATES = {
  RNN: { gates: 1, order: [0], peepholes: [] },
  GRU: { gates: 3, order: [1, 0, 2], peepholes: [] },
  LSTM: { gates: 4, order: [0, 2, 3, 1], peepholes: [0, 2, 1] },
  coupled: { gates: 4, order: [0, 3, 1], peepholes: [0, 1] },
  notesGru: { gates: 3, order: [0, 1, 2], peepholes: [] },
} as const satisfies Record<string, GateOrder>;

/** Of `count` blocks of x those of an order, one behind the other. */
export function pick(x: Float32Array, count: number, order: readonly number[]): Float32Array {
  const size = x.length / count, picked = new Float32Array(order.length * size);
  order.forEach((block, i) => picked.set(x.subarray(block * size, (block + 1) * size), i * size));
  return picked;
}

/** The inverse: `count` blocks, of which those of an order are x's, one after the other, the others zeros. */
export function place(x: Float32Array, count: number, order: readonly number[]): Float32Array {
  const size = x.length / order.length, placed = new Float32Array(count * size);
  order.forEach((block, i) => placed.set(x.subarray(i * size, (i + 1) * size), block * size));
  return placed;
}
