/**
 * Weights, inputs and targets of all contenders, by a formula that any language can compute. So all contenders do the
 * same work, and their results can be compared.
 */
import { parameters, type Shape, type Workload } from "./workloads.ts";

const PRIME = 20_011;
const INPUT = 1001, OUTPUT_GRADIENT = 1002, TOKENS = 1003;

/** Element i of tensor n: a pseudorandom integer below the prime. */
function integer(n: number, i: number): number {
  const a = (i * 7919 + n * 104_729) % PRIME;
  return (a * a + 3 * a) % PRIME;
}

function values(n: number, size: number, scale: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: size }, (_, i) => (integer(n, i) / PRIME * 2 - 1) * scale);
}

/** A parameter with its values. */
export interface Tensor extends Shape {
  readonly data: Float32Array<ArrayBuffer>;
}

/** All parameters in PyTorch's layout, within ±1 / sqrt(H) like PyTorch's initial values. */
export function weights(workload: Workload): Map<string, Tensor> {
  return new Map(
    parameters(workload).map(({ name, shape }, n) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return [name, { name, shape, data: values(n, size, 1 / Math.sqrt(workload.H)) }];
    }),
  );
}

/** Input [T, B, I] of a workload without a vocabulary, in [-1, 1). */
export function input({ T, B, I }: Workload): Float32Array<ArrayBuffer> {
  return values(INPUT, T * B * I, 1);
}

/** Gradient of the output: [T, B, H], or [T, B, 2 H] of a bidirectional layer. */
export function outputGradient({ T, B, H, bidirectional }: Workload): Float32Array<ArrayBuffer> {
  return values(OUTPUT_GRADIENT, T * B * H * (bidirectional ? 2 : 1), 1);
}

/** Tokens [T, B] and targets [T, B]. A target is the next token of its row. */
export function tokens({ T, B, V }: Workload): { x: Int32Array<ArrayBuffer>; y: Int32Array<ArrayBuffer> } {
  const text = Int32Array.from({ length: (T + 1) * B }, (_, i) => integer(TOKENS, i) % V);
  return { x: text.slice(0, T * B), y: text.slice(B) };
}

/** Learning rate of each optimizer, and maximum norm of all gradients. */
export const LEARNING_RATE = { adam: 2e-3, sgd: 1 }, CLIP_NORM = 5;

/** 64 evenly spaced elements of a result, for comparison between contenders. */
export function sample(data: ArrayLike<number>): number[] {
  return Array.from({ length: 64 }, (_, i) => data[Math.floor(i * data.length / 64)]);
}

/** Transpose [rows, columns] to [columns, rows]. */
export function transpose(data: ArrayLike<number>, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const transposed = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) transposed[c * rows + r] = data[r * columns + c];
  return transposed;
}

/** Reorder blocks of H rows: block g of the result is block `order[g]`. */
export function reorderGates(order: readonly number[], { data, shape }: Tensor): Float32Array<ArrayBuffer> {
  const block = data.length / order.length, moved = new Float32Array(data.length);
  if (shape[0] % order.length) {
    throw new Error(`Cannot reorder gates: expected a multiple of ${order.length} rows, got ${shape[0]}`);
  }
  order.forEach((from, g) => moved.set(data.subarray(from * block, (from + 1) * block), g * block));
  return moved;
}
