import type { TensorCopy } from "../runtime/state_dict.ts";
import type { CellKind } from "./spec.ts";

/**
 * The order of gates there and in our cells: block i of ours is block `ORDER[i]` of theirs, and the other way round.
 *
 * | layer     | theirs     | ours       |
 * | --------- | ---------- | ---------- |
 * | SimpleRNN | h          | h          |
 * | LSTM      | i, f, c, o | i, f, g, o |
 * | GRU       | z, r, h    | r, u, n    |
 */
const ORDER: Readonly<Record<CellKind, readonly number[]>> = { SimpleRNN: [0], LSTM: [0, 1, 2, 3], GRU: [1, 0, 2] };

/** Rows and columns exchanged. */
export function transposed({ shape: [m, n], data }: TensorCopy): TensorCopy {
  const turned = new Float32Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) turned[j * m + i] = data[i * n + j];
  return { shape: [n, m], data: turned };
}

/** The blocks of a matrix or vector in the other order; each has `rows / gates` rows. */
function reordered({ shape, data }: TensorCopy, kind: CellKind): TensorCopy {
  const order = ORDER[kind], size = data.length / order.length, result = new Float32Array(data.length);
  order.forEach((block, i) => result.set(data.subarray(block * size, (block + 1) * size), i * size));
  return { shape, data: result };
}

/** What a GRU's bias is: none, one, or one for each product. */
export type BiasRows = 0 | 1 | 2;

/** A cell's kernel, recurrent kernel and bias as our parameters, by PyTorch's names without suffix. */
export function cellParameters(
  kind: CellKind,
  [kernel, recurrent, bias]: readonly TensorCopy[],
): Record<string, TensorCopy> {
  const own = (matrix: TensorCopy) => reordered(transposed(matrix), kind);
  const weights = { weight_ih: own(kernel), weight_hh: own(recurrent) };
  if (!bias) return weights;
  const n = bias.shape.at(-1)!, vector = (data: Float32Array) => reordered({ shape: [n], data }, kind);
  const second = bias.shape.length === 2 ? bias.data.subarray(n) : new Float32Array(n);
  return { ...weights, bias_ih: vector(bias.data.subarray(0, n)), bias_hh: vector(second) };
}

/** The way back: kernel, recurrent kernel, and a bias of 1 or 2 rows if there is one. */
export function cellVariableValues(
  kind: CellKind,
  { weight_ih, weight_hh, bias_ih, bias_hh }: Readonly<Record<string, TensorCopy>>,
  rows: BiasRows,
): TensorCopy[] {
  const theirs = (matrix: TensorCopy) => transposed(reordered(matrix, kind));
  const weights = [theirs(weight_ih), theirs(weight_hh)];
  if (!rows) return weights;
  const first = reordered(bias_ih, kind), second = reordered(bias_hh, kind), n = first.data.length;
  if (rows === 1) return [...weights, { shape: [n], data: first.data.map((b, i) => b + second.data[i]) }];
  const both = new Float32Array(2 * n);
  both.set(first.data);
  both.set(second.data, n);
  return [...weights, { shape: [2, n], data: both }];
}
