import { SCALE } from "../kernels/int8_kernels.ts";
import type { Tensors } from "./state_dict.ts";

/** Tensors in f32, each int8 matrix multiplied by the scales of its rows. A product of both is exact. */
export function dequantized(tensors: Tensors): Tensors {
  const all = new Map(tensors);
  for (const [name, { shape, data }] of tensors) {
    const scales = tensors.get(name + SCALE)?.data;
    if (!(data instanceof Int8Array) || scales?.length !== shape[0]) continue;
    all.delete(name + SCALE);
    const columns = data.length / shape[0];
    all.set(name, { shape, data: Float32Array.from(data, (x, i) => x * Number(scales[Math.floor(i / columns)])) });
  }
  return all;
}
