/**
 * The same numbers for every contender, in any language: weights, inputs and targets by formula, so that all compute the
 * same thing and their results can be compared.
 */
import { parameters, type Row, type Shape } from "./rows.ts";

const PRIME = 20_011;
const INPUT = 1001, OUTPUT_GRADIENT = 1002, TOKENS = 1003;

/** Element i of tensor number n: an integer below the prime, without a pattern that matters. */
function integer(n: number, i: number): number {
  const a = (i * 7919 + n * 104_729) % PRIME;
  return (a * a + 3 * a) % PRIME;
}

function values(n: number, size: number, scale: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: size }, (_, i) => (integer(n, i) / PRIME * 2 - 1) * scale);
}

/** A tensor of a net. */
export interface Tensor extends Shape {
  readonly data: Float32Array<ArrayBuffer>;
}

/** All parameters, in PyTorch's layout, within 1 / sqrt(H) as PyTorch initialises them. */
export function weights(row: Row): Map<string, Tensor> {
  return new Map(
    parameters(row).map(({ name, shape }, n) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return [name, { name, shape, data: values(n, size, 1 / Math.sqrt(row.H)) }];
    }),
  );
}

/** Input of the rows without a vocabulary, [T, B, I] in [-1, 1). */
export function input({ T, B, I }: Row): Float32Array<ArrayBuffer> {
  return values(INPUT, T * B * I, 1);
}

/** Gradient of the output, [T, B, H], or 2 H in two directions. */
export function outputGradient({ T, B, H, bidirectional }: Row): Float32Array<ArrayBuffer> {
  return values(OUTPUT_GRADIENT, T * B * H * (bidirectional ? 2 : 1), 1);
}

/** Tokens [T, B], and targets [T, B]: in each row the token one step later. */
export function tokens({ T, B, V }: Row): { x: Int32Array<ArrayBuffer>; y: Int32Array<ArrayBuffer> } {
  const text = Int32Array.from({ length: (T + 1) * B }, (_, i) => integer(TOKENS, i) % V);
  return { x: text.slice(0, T * B), y: text.slice(B) };
}

/** Training: the learning rate of each optimizer, and the largest norm of all gradients. */
export const LEARNING_RATE = { adam: 2e-3, sgd: 1 }, CLIP_NORM = 5;

/** The elements of a result by which contenders are compared: 64, evenly spread. */
export function sample(data: ArrayLike<number>): number[] {
  return Array.from({ length: 64 }, (_, i) => data[Math.floor(i * data.length / 64)]);
}

/** Rows and columns exchanged: from [rows, columns] to [columns, rows]. */
export function transpose(data: ArrayLike<number>, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const turned = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c];
  return turned;
}

/** Blocks of H rows in another order: `order[g]` is the block that comes to place g. */
export function gatesIn(order: readonly number[], { data, shape }: Tensor): Float32Array<ArrayBuffer> {
  const block = data.length / order.length, moved = new Float32Array(data.length);
  if (shape[0] % order.length) throw new Error(`${shape[0]} rows are no ${order.length} gates`);
  order.forEach((from, g) => moved.set(data.subarray(from * block, (from + 1) * block), g * block));
  return moved;
}
