import {
  cosTurn,
  exp,
  expm1,
  log,
  sigmoid as sigmoidOf,
  sinTurn,
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

export const relu = /* @__PURE__ */ elementwise((x) => x < 0 ? 0 : x, {}, "relu");
export const tanh = /* @__PURE__ */ elementwise(tanhOf, {}, "tanh");
export const sigmoid = /* @__PURE__ */ elementwise(sigmoidOf, {}, "sigmoid");
export const softplus = /* @__PURE__ */ elementwise(softplusOf, {}, "softplus");
export const softsign = /* @__PURE__ */ elementwise((x) => x / (1 + Math.abs(x)));
export const sqrt = /* @__PURE__ */ elementwise(Math.sqrt);
export const leakyRelu = /* @__PURE__ */ elementwise(
  (x, { alpha }) => x < 0 ? alpha * x : x,
  { alpha: 0.01 },
  "leakyRelu",
);
export const elu = /* @__PURE__ */ elementwise((x, { alpha }) => x < 0 ? alpha * expm1(x) : x, { alpha: 1 }, "elu");
export const thresholdedRelu = /* @__PURE__ */ elementwise((x, { alpha }) => x > alpha ? x : 0, { alpha: 1 });
export const hardSigmoid = /* @__PURE__ */ elementwise(
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  { alpha: 0.2, beta: 0.5 },
  "hardSigmoid",
);
export const hardSwish = /* @__PURE__ */ elementwise((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)));
export const selu = /* @__PURE__ */ elementwise(
  (x, { alpha, gamma }) => gamma * (x < 0 ? alpha * expm1(x) : x),
  { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 },
);
export const neg = /* @__PURE__ */ elementwise((x) => -x);
export const abs = /* @__PURE__ */ elementwise(Math.abs);
export const logOf = /* @__PURE__ */ elementwise(log);
export const expOf = /* @__PURE__ */ elementwise(exp);
export const round = /* @__PURE__ */ elementwise(toEven);
export const floor = /* @__PURE__ */ elementwise(Math.floor);
export const ceil = /* @__PURE__ */ elementwise(Math.ceil);
export const sign = /* @__PURE__ */ elementwise(Math.sign);
export const reciprocal = /* @__PURE__ */ elementwise((x) => 1 / x);
export const erfOf = /* @__PURE__ */ elementwise(erf);
export const sin = /* @__PURE__ */ elementwise((x) => sinTurn(turnsOf(x)));
export const cos = /* @__PURE__ */ elementwise((x) => cosTurn(turnsOf(x)));
/** x Phi(x) with the distribution function Phi of the normal distribution, exactly or by a tanh. */
export const gelu: Operator = {
  prepare: (node) => geluOf(node).prepare(node),
  plan: (node) => geluOf(node).plan!(node),
};

function geluOf({ attributes }: NodeContext): Operator {
  const isTanh = attributes.take("approximate", "text") === "tanh";
  return elementwise((x) =>
    x / 2 * (1 + (isTanh ? tanhOf(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)) : erf(x / Math.SQRT2)))
  );
}

/** An angle in turns, from 0 to 1. */
function turnsOf(x: number): number {
  const turns = x / (2 * Math.PI);
  return turns - Math.floor(turns);
}

/** The nearest integer, ties to even. */
export function toEven(x: number): number {
  const floor = Math.floor(x), rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** The error function: its series near 0, else a continued fraction. Errors of some 1e-15. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a > 0)) return x;
  if (a > 6) return Math.sign(x);
  const square = a * a, factor = exp(-square) / Math.sqrt(Math.PI);
  if (a < 2.5) {
    let sum = 0, term = 2 * x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      sum += term;
      term *= 2 * square / (2 * n + 1);
    }
    return factor * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - factor / (a + fraction));
}
