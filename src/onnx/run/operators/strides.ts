import { ShapeError } from "../../../errors.ts";
import { allocate, type OnnxTensor, requireRank, sizeOf } from "../../format/tensor.ts";

/** The strides of a row-major tensor, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** A copy in another shape: the element at `index` is element `offset + sum(index * strides)` of x. */
export function strided(
  x: OnnxTensor,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): OnnxTensor {
  const size = sizeOf(shape), data = allocate(x.type, shape), source = x.data, rank = shape.length;
  if (size === 0) return { type: x.type, shape, data };
  const inner = rank ? shape[rank - 1] : 1, stride = rank ? strides[rank - 1] : 0;
  const index = new Array<number>(rank).fill(0);
  for (let at = 0, from = offset; at < size; at += inner) {
    for (let i = 0; i < inner; i++) data[at + i] = source[from + i * stride];
    for (let d = rank - 2; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return { type: x.type, shape, data };
}

/**
 * The common shape to which shapes broadcast, aligned at their last dimensions (as in numpy).
 *
 * @throws {ShapeError} When they do not broadcast.
 */
export function broadcastShape(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const extents = shapes.map((shape) => shape[shape.length - rank + i] ?? 1).filter((extent) => extent !== 1);
    if (extents.every((extent) => extent === extents[0])) return extents[0] ?? 1;
    throw new ShapeError(`shapes ${shapes.map((shape) => `[${shape}]`).join(" and ")} do not broadcast`);
  });
}

/** x broadcast to a shape. */
export function broadcast(x: OnnxTensor, shape: readonly number[]): OnnxTensor {
  if (x.shape.join() === shape.join()) return x;
  const own = stridesOf(x.shape), lead = shape.length - x.shape.length;
  return strided(x, shape, shape.map((_, i) => i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead]));
}

/**
 * x with the same elements in another shape.
 *
 * @throws {ShapeError} When the shape has another number of elements.
 */
export function reshaped(x: OnnxTensor, shape: readonly number[]): OnnxTensor {
  requireRank(shape);
  if (sizeOf(shape) === x.data.length) return { type: x.type, shape, data: x.data };
  throw new ShapeError(`${x.data.length} elements of shape [${x.shape}] do not fill shape [${shape}]`);
}

/** x with its dimensions in another order: dimension i of the result is dimension `order[i]` of x. */
export function transposed(x: OnnxTensor, order: readonly number[]): OnnxTensor {
  const strides = stridesOf(x.shape), identity = order.every((axis, i) => axis === i);
  return identity ? x : strided(x, order.map((axis) => x.shape[axis]), order.map((axis) => strides[axis]));
}
