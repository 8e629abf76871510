import { ShapeError } from "../../../errors.ts";
import { exp, log } from "../../../kernels/real.ts";
import { allocate, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { planLayerNorm, planReduction, type Reduce } from "../plan/rows_plan.ts";
import { inCells, isFloat } from "../plan/plan_value.ts";
import { axisOf, integersOf, type Operator, required } from "./operator.ts";
import { reshaped, transposed } from "./strides.ts";

/**
 * An operator that reduces the elements along some axes to one number. These axes get extent 1 or are removed. The axes
 * are an attribute before version `inputSince`, an input since; by default all axes.
 */
function reduction(inputSince: number, f: Reduce): Operator {
  return {
    shapedBy: 1,
    plan({ attributes, opset }) {
      const keep = attributes.int("keepdims", 1) !== 0, none = attributes.int("noop_with_empty_axes", 0) !== 0;
      const attribute = opset < inputSince ? attributes.take("axes", "ints") : undefined;
      return (plan, [x, input]) => {
        const axes = attribute ?? (input?.known && [...input.known.data]);
        if (!isFloat(x) || (input && !input.known) || (!axes?.length && none)) return undefined;
        const { removed, shape } = reducedShape(x.shape, axes, keep);
        return [inCells(shape, planReduction(plan, x, removed, f))];
      };
    },
    prepare({ attributes, opset }) {
      const keep = attributes.int("keepdims", 1) !== 0;
      const emptyIsNone = attributes.int("noop_with_empty_axes", 0) !== 0;
      const attribute = opset < inputSince ? attributes.take("axes", "ints") : undefined;
      return (inputs) => {
        const x = required(inputs, 0);
        const axes = opset < inputSince ? attribute : integersOf(inputs, 1);
        if (!axes?.length && emptyIsNone) return [x];
        const { removed, shape } = reducedShape(x.shape, axes, keep);
        return [reshaped(reduced(x, removed, f), shape)];
      };
    },
  };
}

function reducedShape(shape: readonly number[], axes: readonly number[] | undefined, keep: boolean) {
  const removed = new Set(axes?.length ? axes.map((axis) => axisOf(axis, shape.length)) : shape.keys());
  return { removed, shape: shape.flatMap((extent, i) => removed.has(i) ? keep ? [1] : [] : [extent]) };
}

function reduced(x: OnnxTensor, removed: ReadonlySet<number>, f: Reduce): OnnxTensor {
  const axes = [...x.shape.keys()], left = axes.filter((i) => !removed.has(i));
  const shape = left.map((i) => x.shape[i]);
  const { data } = transposed(x, [...left, ...axes.filter((i) => removed.has(i))]);
  const y = allocate("double", shape), n = y.length ? data.length / y.length : 0;
  for (let i = 0; i < y.length; i++) y[i] = f(data, i * n, n);
  return tensor(x.type, shape, y);
}

/** A sum of f of each element. */
function sumOf(f: (x: number) => number): Reduce {
  return (x, from, count) => {
    let total = 0;
    for (let i = from; i < from + count; i++) total += f(x[i]);
    return total;
  };
}

/** The element that is better than all others; `worst` where there are none. */
function best(f: (a: number, b: number) => number, worst: number): Reduce {
  return (x, from, count) => {
    let found = worst;
    for (let i = from; i < from + count; i++) found = f(found, x[i]);
    return found;
  };
}

const sum = /* @__PURE__ */ sumOf((x) => x), squares = /* @__PURE__ */ sumOf((x) => x * x);
const largest = /* @__PURE__ */ best(Math.max, -Infinity);

export const reduceSum = /* @__PURE__ */ reduction(13, sum);
export const reduceMean = /* @__PURE__ */ reduction(18, (x, from, count) => sum(x, from, count) / count);
export const reduceMax = /* @__PURE__ */ reduction(18, largest);
export const reduceMin = /* @__PURE__ */ reduction(18, /* @__PURE__ */ best(Math.min, Infinity));
export const reduceProd = /* @__PURE__ */ reduction(18, /* @__PURE__ */ best((a, b) => a * b, 1));
export const reduceL1 = /* @__PURE__ */ reduction(18, /* @__PURE__ */ sumOf(Math.abs));
export const reduceL2 = /* @__PURE__ */ reduction(18, (x, from, count) => Math.sqrt(squares(x, from, count)));
export const reduceSumSquare = /* @__PURE__ */ reduction(18, squares);
export const reduceLogSum = /* @__PURE__ */ reduction(18, (x, from, count) => log(sum(x, from, count)));
export const reduceLogSumExp = /* @__PURE__ */ reduction(18, (x, from, count) => {
  const most = largest(x, from, count);
  return Number.isFinite(most) ? most + log(sumOf((x) => exp(x - most))(x, from, count)) : most;
});

/** (x - mean) / sqrt(variance + epsilon) scale + bias, over the dimensions from `axis` on. */
export const layerNormalization: Operator = {
  plan({ attributes, outputs }) {
    const axis = attributes.int("axis", -1), epsilon = attributes.take("epsilon", "float") ?? 1e-5;
    return (plan, [x, scale, bias]) => {
      if (outputs > 1 || !isFloat(x) || !isFloat(scale) || (bias && !isFloat(bias))) return undefined;
      const shape = x.shape.slice(axisOf(axis, x.shape.length)), own = `${shape}`;
      if (`${scale.shape}` !== own || (bias && `${bias.shape}` !== own)) return undefined;
      return [inCells(x.shape, planLayerNorm(plan, x, scale, bias, epsilon, sizeOf(shape)))];
    };
  },
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
        const row = x.data.subarray(r * n, (r + 1) * n), mean = sum(row, 0, n) / n;
        const deviation = 1 / Math.sqrt(sumOf((x) => (x - mean) ** 2)(row, 0, n) / n + epsilon);
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
