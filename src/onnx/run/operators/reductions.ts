import { ShapeError } from "../../../errors.ts";
import { allocate, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { axisOf, integersOf, type Operator, required } from "./operator.ts";
import { reshaped, transposed } from "./strides.ts";

/**
 * An operator that reduces the elements along some axes to one number. These axes get extent 1 or are removed. The axes
 * are an attribute before version `inputSince`, an input since; by default all axes.
 */
function reduction(inputSince: number, f: (row: ArrayLike<number>) => number): Operator {
  return {
    shapedBy: 1,
    prepare({ attributes, opset }) {
      const keep = attributes.int("keepdims", 1) !== 0;
      const emptyIsNone = attributes.int("noop_with_empty_axes", 0) !== 0;
      const attribute = opset < inputSince ? attributes.take("axes", "ints") : undefined;
      return (inputs) => {
        const x = required(inputs, 0), rank = x.shape.length;
        const axes = opset < inputSince ? attribute : integersOf(inputs, 1);
        if (!axes?.length && emptyIsNone) return [x];
        const removed = new Set(axes?.length ? axes.map((axis) => axisOf(axis, rank)) : x.shape.keys());
        const shape = x.shape.flatMap((extent, i) => removed.has(i) ? keep ? [1] : [] : [extent]);
        return [reshaped(reduced(x, removed, f), shape)];
      };
    },
  };
}

function reduced(x: OnnxTensor, removed: ReadonlySet<number>, f: (row: ArrayLike<number>) => number): OnnxTensor {
  const axes = [...x.shape.keys()], left = axes.filter((i) => !removed.has(i));
  const shape = left.map((i) => x.shape[i]);
  const { data } = transposed(x, [...left, ...axes.filter((i) => removed.has(i))]);
  const y = allocate("double", shape), n = y.length ? data.length / y.length : 0;
  for (let i = 0; i < y.length; i++) y[i] = f(data.subarray(i * n, (i + 1) * n));
  return tensor(x.type, shape, y);
}

function sum(row: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < row.length; i++) total += row[i];
  return total;
}

export const reduceSum = /* @__PURE__ */ reduction(13, sum);
export const reduceMean = /* @__PURE__ */ reduction(18, (row) => sum(row) / row.length);
export const reduceMax = /* @__PURE__ */ reduction(18, (row) => {
  let largest = -Infinity;
  for (let i = 0; i < row.length; i++) largest = Math.max(largest, row[i]);
  return largest;
});

/** (x - mean) / sqrt(variance + epsilon) scale + bias, over the dimensions from `axis` on. */
export const layerNormalization: Operator = {
  prepare({ attributes, outputs }) {
    const axis = attributes.int("axis", -1), epsilon = attributes.take("epsilon", "float") ?? 1e-5;
    attributes.int("stash_type", 1); // the precision of sums, which is double here
    return (inputs) => {
      const x = required(inputs, 0), scale = required(inputs, 1), bias = inputs[2];
      const at = axisOf(axis, x.shape.length);
      const shape = x.shape.slice(at), n = sizeOf(shape), rows = n ? x.data.length / n : 0;
      for (const row of [scale, bias]) {
        if (row && row.shape.join() !== shape.join()) {
          throw new ShapeError(`scale and bias must have shape [${shape}], got [${row.shape}]`);
        }
      }
      const y = allocate(x.type, x.shape), means = new Float64Array(rows), inverse = new Float64Array(rows);
      for (let r = 0; r < rows; r++) {
        const row = x.data.subarray(r * n, (r + 1) * n), mean = sum(row) / n;
        const deviation = 1 / Math.sqrt(sum(Float64Array.from(row, (x) => (x - mean) ** 2)) / n + epsilon);
        for (let i = 0; i < n; i++) {
          y[r * n + i] = (row[i] - mean) * deviation * scale.data[i] + (bias ? bias.data[i] : 0);
        }
        [means[r], inverse[r]] = [mean, deviation];
      }
      const statistics = x.shape.map((extent, i) => i < at ? extent : 1);
      const results = [{ ...x, data: y }, tensor("float", statistics, means), tensor("float", statistics, inverse)];
      return results.slice(0, outputs);
    };
  },
};
