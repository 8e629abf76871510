import { ShapeError } from "../errors.ts";
import { SCALE } from "../kernels/int8_kernels.ts";
import type { Tensors } from "./state_dict.ts";

/**
 * Tensors in f32, each int8 matrix multiplied by the scales of its rows. A product of both is exact.
 *
 * @throws {ShapeError} When an int8 matrix does not have a scale for each row.
 */
export function dequantized(tensors: Tensors): Tensors {
  const all = new Map(tensors);
  for (const [name, { shape, data }] of tensors) {
    const scales = tensors.get(name + SCALE)?.data;
    if (!(data instanceof Int8Array) || shape.length !== 2) continue;
    if (scales?.length !== shape[0]) {
      const got = scales ? scales.length : "none";
      throw new ShapeError(`Cannot set the parameters: "${name + SCALE}" must have ${shape[0]} elements, got ${got}`);
    }
    all.delete(name + SCALE);
    const columns = data.length / shape[0];
    all.set(name, { shape, data: Float32Array.from(data, (x, i) => x * Number(scales[Math.floor(i / columns)])) });
  }
  return all;
}
