import {
  exp,
  expm1,
  log,
  sigmoid as sigmoidOf,
  softplus as softplusOf,
  tanh as tanhOf,
} from "../../../kernels/real.ts";
import type { ACTIVATION } from "../../../kernels/activation_kinds.ts";
import { tensor } from "../../format/tensor.ts";
import { planUnary } from "../plan/elementwise_plan.ts";
import { type NodeContext, type Operator, required } from "./operator.ts";

/**
 * An operator that applies a function to each element. `defaults` holds the attributes that it has, in order.
 *
 * @param kernel The activation whose kernel computes it in a plan. Default: a loop.
 */
function elementwise<K extends string = never>(
  f: (x: number, numbers: Record<K, number>) => number,
  defaults = {} as Record<K, number>,
  kernel?: keyof typeof ACTIVATION,
): Operator {
  const read = ({ attributes }: NodeContext) => {
    const entries = Object.entries<number>(defaults).map(([name, otherwise]) => {
      return [name, attributes.take(name, "float") ?? otherwise];
    });
    return Object.fromEntries(entries) as Record<K, number>;
  };
  return {
    prepare(node) {
      const numbers = read(node);
      return (inputs) => {
        const { type, shape, data } = required(inputs, 0), y = new Float64Array(data.length);
        for (let i = 0; i < y.length; i++) y[i] = f(data[i], numbers);
        return [tensor(type, shape, y)];
      };
    },
    plan(node) {
      const numbers = read(node);
      return planUnary((x) => f(x, numbers), kernel, Object.values(numbers));
    },
  };
}

export const relu = elementwise((x) => x < 0 ? 0 : x, {}, "relu");
export const tanh = elementwise(tanhOf, {}, "tanh");
export const sigmoid = elementwise(sigmoidOf, {}, "sigmoid");
export const softplus = elementwise(softplusOf, {}, "softplus");
export const softsign = elementwise((x) => x / (1 + Math.abs(x)));
export const sqrt = elementwise(Math.sqrt);
export const leakyRelu = elementwise((x, { alpha }) => x < 0 ? alpha * x : x, { alpha: 0.01 }, "leakyRelu");
export const elu = elementwise((x, { alpha }) => x < 0 ? alpha * expm1(x) : x, { alpha: 1 }, "elu");
export const thresholdedRelu = elementwise((x, { alpha }) => x > alpha ? x : 0, { alpha: 1 });
export const hardSigmoid = elementwise(
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  { alpha: 0.2, beta: 0.5 },
  "hardSigmoid",
);
export const hardSwish = elementwise((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)));
export const selu = elementwise(
  (x, { alpha, gamma }) => gamma * (x < 0 ? alpha * expm1(x) : x),
  { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 },
);
export const neg = elementwise((x) => -x);
export const abs = elementwise(Math.abs);
export const logOf = elementwise(log);
export const expOf = elementwise(exp);
export const round = elementwise((x) => {
  const floor = Math.floor(x), rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
});
