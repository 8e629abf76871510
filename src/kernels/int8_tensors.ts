import { OptionError } from "../errors.ts";
import type { Int8Build, Int8Tensors } from "./builds.ts";
import { SCALE } from "./int8_kernels.ts";

const float = new Float32Array(1), bits = new Int32Array(float.buffer);

/**
 * Packs matrices as int8, a scale a row. Other tensors stay as they are.
 *
 * A scale has 17 significant bits, so that an integer times its scale is exact in f32, and the largest integer of a row
 * is 127. So the kernel `packInt8` finds the same scales and integers in the f32 products: whoever reads a weight of
 * the net, be it as int8 or as f32, reads the same number.
 */
export const packTensors: Int8Build["pack"] = (tensors) => {
  const packed: Int8Tensors = new Map();
  for (const [name, { shape, data }] of tensors) {
    if (shape.length !== 2) {
      packed.set(name, { shape, data: data.slice() });
      continue;
    }
    const [rows, columns] = shape, integers = new Int8Array(data.length), scales = new Float32Array(rows);
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * columns, (i + 1) * columns);
      const scale = scales[i] = scaleOf(name, row);
      // The nearest integer, of two the even one.
      if (scale) row.forEach((x, j) => integers[i * columns + j] = Math.fround(x / scale + 12582912) - 12582912);
    }
    packed.set(name, { shape, data: integers }).set(name + SCALE, { shape: [rows], data: scales });
  }
  return packed;
};

/** The largest absolute element divided by 127, rounded up to 17 bits. */
function scaleOf(name: string, row: Float32Array): number {
  let largest = 0;
  for (const x of row) {
    if (!Number.isFinite(x)) throw new OptionError(`Cannot quantize "${name}": its elements must be finite, got ${x}`);
    largest = Math.max(largest, Math.abs(x));
  }
  float[0] = largest / 127;
  bits[0] = (bits[0] + 127) & -128;
  return float[0];
}
