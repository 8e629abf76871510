import { expm1, sigmoid as sigmoidOf, softplus as softplusOf, tanh as tanhOf } from "../../../kernels/real.ts";
import { tensor } from "../../format/tensor.ts";
import { type Operator, required } from "./operator.ts";

/** An operator that applies a function to each element. `defaults` holds the attributes alpha and beta that it has. */
function elementwise<K extends "alpha" | "beta" = never>(
  f: (x: number, numbers: Record<K, number>) => number,
  defaults = {} as Record<K, number>,
): Operator {
  return {
    prepare({ attributes }) {
      const entries = Object.entries<number>(defaults).map(([name, otherwise]) => {
        return [name, attributes.take(name, "float") ?? otherwise];
      });
      const numbers = Object.fromEntries(entries) as Record<K, number>;
      return (inputs) => {
        const { type, shape, data } = required(inputs, 0), y = new Float64Array(data.length);
        for (let i = 0; i < y.length; i++) y[i] = f(data[i], numbers);
        return [tensor(type, shape, y)];
      };
    },
  };
}

export const relu = /* @__PURE__ */ elementwise((x) => x < 0 ? 0 : x);
export const tanh = /* @__PURE__ */ elementwise(tanhOf);
export const sigmoid = /* @__PURE__ */ elementwise(sigmoidOf);
export const softplus = /* @__PURE__ */ elementwise(softplusOf);
export const softsign = /* @__PURE__ */ elementwise((x) => x / (1 + Math.abs(x)));
export const sqrt = /* @__PURE__ */ elementwise(Math.sqrt);
export const leakyRelu = /* @__PURE__ */ elementwise((x, { alpha }) => x < 0 ? alpha * x : x, { alpha: 0.01 });
export const elu = /* @__PURE__ */ elementwise((x, { alpha }) => x < 0 ? alpha * expm1(x) : x, { alpha: 1 });
export const thresholdedRelu = /* @__PURE__ */ elementwise((x, { alpha }) => x > alpha ? x : 0, { alpha: 1 });
export const hardSigmoid = /* @__PURE__ */ elementwise(
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  { alpha: 0.2, beta: 0.5 },
);
