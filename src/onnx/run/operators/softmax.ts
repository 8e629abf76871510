import { exp, log } from "../../../kernels/real.ts";
import { allocate, sizeOf } from "../../format/tensor.ts";
import { inCells, isFloat } from "../plan/plan_value.ts";
import { planSoftmax } from "../plan/rows_plan.ts";
import { axisOf, type Operator, required } from "./operator.ts";

/**
 * A softmax along one axis, by default the last. Before version 13: over that axis, by default 1, and all axes behind
 * it together.
 *
 * @param f The output for x, less the maximum of the row, and the sum of the exponentials.
 * @param hasKernel Whether the kernel of the softmax computes it.
 */
function softmaxOf(f: (x: number, sum: number) => number, hasKernel = false): Operator {
  return {
    plan({ attributes, opset }) {
      const axis = attributes.int("axis", opset < 13 ? 1 : -1);
      return (plan, [x]) => {
        if (!hasKernel || !isFloat(x)) return undefined;
        const rank = x.shape.length, at = axisOf(axis, rank), n = sizeOf(x.shape.slice(at));
        return opset >= 13 && at !== rank - 1 ? undefined : [inCells(x.shape, planSoftmax(plan, x, n))];
      };
    },
    prepare({ attributes, opset }) {
      const axis = attributes.int("axis", opset < 13 ? 1 : -1);
      return (inputs) => {
        const { type, shape, data } = required(inputs, 0), at = axisOf(axis, shape.length);
        const inner = sizeOf(shape.slice(at + 1)), n = opset < 13 ? shape[at] * inner : shape[at];
        const step = opset < 13 ? 1 : inner, y = allocate(type, shape);
        for (let from = 0; from < data.length; from += n * step) {
          for (let column = from; column < from + step; column++) {
            let largest = -Infinity, sum = 0;
            for (let i = 0; i < n; i++) largest = Math.max(largest, data[column + i * step]);
            for (let i = 0; i < n; i++) sum += exp(data[column + i * step] - largest);
            for (let i = 0; i < n; i++) y[column + i * step] = f(data[column + i * step] - largest, sum);
          }
        }
        return [{ type, shape, data: y }];
      };
    },
  };
}

export const softmax = /* @__PURE__ */ softmaxOf((x, sum) => exp(x) / sum, true);
export const logSoftmax = /* @__PURE__ */ softmaxOf((x, sum) => x - log(sum));
