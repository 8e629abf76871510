import { ShapeError } from "../../../errors.ts";
import { exp, log, power } from "../../../kernels/real.ts";
import { elementType, type Inputs, isInteger, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { type BinaryKernel, planBinary, planUnary } from "../plan/elementwise_plan.ts";
import { type Compute, type NodeContext, type Operator, required } from "./operator.ts";
import { broadcast, broadcastShape } from "./strides.ts";

/**
 * An operator on two tensors of one type, which are broadcast to one shape.
 *
 * @param kernel What computes it in a plan. Default: a loop.
 */
function binary(
  f: (a: number, b: number, integer: boolean) => number,
  result?: "bool",
  kernel?: BinaryKernel,
): Operator {
  return {
    ...!result && { plan: () => planBinary((a, b) => f(a, b, false), kernel) },
    prepare: () => computeBinary(f, result),
  };
}

function computeBinary(f: (a: number, b: number, integer: boolean) => number, result?: "bool"): Compute {
  return (inputs) => {
    const a = required(inputs, 0), b = required(inputs, 1);
    requireSameType(a, b);
    const shape = broadcastShape(a.shape, b.shape);
    const integer = isInteger(a.type);
    const x = broadcast(a, shape).data, y = broadcast(b, shape).data, z = new Float64Array(x.length);
    for (let i = 0; i < z.length; i++) z[i] = f(x[i], y[i], integer);
    return [tensor(result ?? a.type, shape, z)];
  };
}

/** x^y, in the type of x. */
export const pow: Operator = {
  prepare: () => (inputs) => {
    const a = required(inputs, 0), b = required(inputs, 1), shape = broadcastShape(a.shape, b.shape);
    const x = broadcast(a, shape).data, y = broadcast(b, shape).data, z = new Float64Array(x.length);
    for (let i = 0; i < z.length; i++) z[i] = raised(x[i], y[i]);
    return [tensor(a.type, shape, z)];
  },
  plan: () => (plan, inputs) => {
    const [x, y] = inputs, exponent = y?.known && sizeOf(y.shape) === 1 ? y.known.data[0] : undefined;
    const square = exponent === 2 && x && sizeOf(x.shape) >= sizeOf(y!.shape);
    return square ? planBinary(raised, "multiply")(plan, [x, x]) : planBinary(raised)(plan, inputs);
  },
};

function raised(x: number, y: number): number {
  if (Number.isInteger(y) && Math.abs(y) <= 1024) return y < 0 ? 1 / power(x, -y) : power(x, y);
  if (y === 0.5) return Math.sqrt(x);
  return x === 0 ? (y > 0 ? 0 : Infinity) : exp(y * log(x));
}

function requireSameType(a: OnnxTensor, b: OnnxTensor): void {
  if (a.type !== b.type) throw new ShapeError(`the inputs must have one type, got ${a.type} and ${b.type}`);
}

export const add = /* @__PURE__ */ binary((a, b) => a + b, undefined, "add");
export const sub = /* @__PURE__ */ binary((a, b) => a - b, undefined, "subtract");
export const mul = /* @__PURE__ */ binary((a, b) => a * b, undefined, "multiply");
export const div = /* @__PURE__ */ binary((a, b, integer) => integer ? Math.trunc(a / b) : a / b);
export const mod: Operator = {
  prepare({ attributes }) {
    const truncated = attributes.int("fmod", 0) !== 0;
    return computeBinary((a, b) => truncated || !(a % b) || (a % b < 0) === (b < 0) ? a % b : a % b + b);
  },
};
export const greater = /* @__PURE__ */ binary((a, b) => Number(a > b), "bool");
export const greaterOrEqual = /* @__PURE__ */ binary((a, b) => Number(a >= b), "bool");
export const lessOrEqual = /* @__PURE__ */ binary((a, b) => Number(a <= b), "bool");
export const and = /* @__PURE__ */ binary((a, b) => a && b, "bool");
export const or = /* @__PURE__ */ binary((a, b) => a || b, "bool");
export const xor = /* @__PURE__ */ binary((a, b) => a ^ b, "bool");
export const less = /* @__PURE__ */ binary((a, b) => Number(a < b), "bool");
export const equal = /* @__PURE__ */ binary((a, b) => Number(a === b), "bool");

/** x with each element true where it was false. */
export const not: Operator = {
  prepare: () => (inputs) => {
    const { type, shape, data } = required(inputs, 0);
    return [tensor(type, shape, data.map((x) => Number(!x)))];
  },
};

/** An operator on any number of tensors, two of which at a time are broadcast to one shape. */
function variadic(pair: Operator, last?: (sum: OnnxTensor, count: number) => OnnxTensor): Operator {
  return {
    prepare(node) {
      const compute = pair.prepare(node);
      return (inputs) => {
        const sum = inputs.map((_, i) => required(inputs, i)).reduce((a, b) => compute([a, b])[0]);
        return [last?.(sum, inputs.length) ?? sum];
      };
    },
    plan(node) {
      const rule = pair.plan!(node);
      return (plan, inputs) => inputs.length === 2 && !last ? rule(plan, inputs) : undefined;
    },
  };
}

/** The larger number, or NaN. */
const larger = (a: number, b: number) => a > b || Number.isNaN(a) ? a : b;
const smaller = (a: number, b: number) => a < b || Number.isNaN(a) ? a : b;

export const max = /* @__PURE__ */ variadic(/* @__PURE__ */ binary(larger));
export const min = /* @__PURE__ */ variadic(/* @__PURE__ */ binary(smaller));
export const sumOf = /* @__PURE__ */ variadic(add);
export const mean = /* @__PURE__ */ variadic(
  add,
  (sum, count) => tensor(sum.type, sum.shape, Float64Array.from(sum.data, (x) => x / count)),
);

/** x not below `min` and not above `max`: attributes before version 11, inputs since. */
export const clip: Operator = {
  prepare(node) {
    const limits = readClip(node);
    return (inputs) => {
      const { type, shape, data } = required(inputs, 0), [low, high] = limits(inputs);
      return [tensor(type, shape, Float64Array.from(data, (x) => smaller(larger(x, low), high)))];
    };
  },
  plan(node) {
    const limits = readClip(node);
    return (plan, inputs) => {
      const known = inputs.slice(1).every((input) => !input || input.known);
      const [low, high] = known ? limits(inputs.map((input) => input?.known)) : [];
      return known ? planUnary((x) => smaller(larger(x, low!), high!))(plan, inputs) : undefined;
    };
  },
};

function readClip({ attributes, opset }: NodeContext): (inputs: Inputs) => [number, number] {
  const old = opset < 11, low = old ? attributes.take("min", "float") : undefined;
  const high = old ? attributes.take("max", "float") : undefined;
  return (inputs) => [low ?? inputs[1]?.data[0] ?? -Infinity, high ?? inputs[2]?.data[0] ?? Infinity];
}

/** Elements of the second input where the first is true, of the third elsewhere. */
export const where: Operator = {
  fills: true,
  prepare: () => (inputs) => {
    const [condition, a, b] = [0, 1, 2].map((i) => required(inputs, i));
    requireSameType(a, b);
    const shape = broadcastShape(condition.shape, a.shape, b.shape);
    const [which, x, y] = [condition, a, b].map((input) => broadcast(input, shape).data);
    return [tensor(a.type, shape, x.map((value, i) => which[i] ? value : y[i]))];
  },
};

/** To integers: rounded towards zero, then modulo 2^bits. To booleans: x != 0. */
export const cast: Operator = {
  prepare({ attributes }) {
    const type = elementType("Cast", attributes.take("to", "int"));
    // `saturate` concerns casts to 8-bit floats, which are not supported.
    attributes.take("saturate", "int");
    const bits = Number(type.match(/^u?int(8|16)$/)?.[1] ?? 0);
    const unsigned = type.startsWith("u");
    return (inputs) => {
      const { shape, data } = required(inputs, 0);
      if (type === "bool") return [tensor(type, shape, Float64Array.from(data, (x) => Number(x !== 0)))];
      if (!isInteger(type)) return [tensor(type, shape, data)];
      const toInteger = (x: number) => {
        if (!bits) return Math.trunc(x);
        return unsigned ? Math.trunc(x) & (2 ** bits - 1) : (Math.trunc(x) << (32 - bits)) >> (32 - bits);
      };
      return [tensor(type, shape, Float64Array.from(data, toInteger))];
    };
  },
};
