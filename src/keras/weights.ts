import type { TensorCopy } from "../runtime/state_dict.ts";
import type { CellKind } from "./spec.ts";

/**
 * The order of gates in Keras and in the library's cells: block i of a cell's tensor is block `ORDER[i]` of the Keras
 * tensor, and vice versa.
 *
 * | layer     | Keras      | cell       |
 * | --------- | ---------- | ---------- |
 * | SimpleRNN | h          | h          |
 * | LSTM      | i, f, c, o | i, f, g, o |
 * | GRU       | z, r, h    | r, u, n    |
 */
const ORDER: Readonly<Record<CellKind, readonly number[]>> = { SimpleRNN: [0], LSTM: [0, 1, 2, 3], GRU: [1, 0, 2] };

/** The transpose of a matrix. */
export function transposed({ shape: [m, n], data }: TensorCopy): TensorCopy {
  const result = new Float32Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result[j * m + i] = data[i * n + j];
  return { shape: [n, m], data: result };
}

/** A matrix or vector with its blocks in the other order. The blocks have `rows / gates` rows each. */
function reorderGates({ shape, data }: TensorCopy, kind: CellKind): TensorCopy {
  const order = ORDER[kind];
  const size = data.length / order.length;
  const result = new Float32Array(data.length);
  order.forEach((block, i) => result.set(data.subarray(block * size, (block + 1) * size), i * size));
  return { shape, data: result };
}

/** The rows of a cell's bias: 0 without bias, 2 for a GRU with one bias for each matrix product, else 1. */
export type BiasRows = 0 | 1 | 2;

/** The parameters of a cell, by PyTorch's names without suffix, from its kernel, recurrent kernel and bias in Keras. */
export function cellParameters(
  kind: CellKind,
  [kernel, recurrent, bias]: readonly TensorCopy[],
): Record<string, TensorCopy> {
  const converted = (matrix: TensorCopy) => reorderGates(transposed(matrix), kind);
  const weights = { weight_ih: converted(kernel), weight_hh: converted(recurrent) };
  if (!bias) return weights;
  const n = bias.shape.at(-1)!;
  const vector = (data: Float32Array) => reorderGates({ shape: [n], data }, kind);
  const second = bias.shape.length === 2 ? bias.data.subarray(n) : new Float32Array(n);
  return { ...weights, bias_ih: vector(bias.data.subarray(0, n)), bias_hh: vector(second) };
}

/**
 * The inverse: kernel, recurrent kernel and, with `rows` > 0, bias.
 *
 * @param rows With 1, the two biases of the cell become their sum.
 */
export function cellVariableValues(
  kind: CellKind,
  { weight_ih, weight_hh, bias_ih, bias_hh }: Readonly<Record<string, TensorCopy>>,
  rows: BiasRows,
): TensorCopy[] {
  const converted = (matrix: TensorCopy) => transposed(reorderGates(matrix, kind));
  const weights = [converted(weight_ih), converted(weight_hh)];
  if (!rows) return weights;
  const first = reorderGates(bias_ih, kind), second = reorderGates(bias_hh, kind);
  const n = first.data.length;
  if (rows === 1) return [...weights, { shape: [n], data: first.data.map((b, i) => b + second.data[i]) }];
  const both = new Float32Array(2 * n);
  both.set(first.data);
  both.set(second.data, n);
  return [...weights, { shape: [2, n], data: both }];
}
