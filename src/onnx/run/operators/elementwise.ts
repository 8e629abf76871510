import { ShapeError } from "../../../errors.ts";
import { exp, log, power } from "../../../kernels/real.ts";
import { elementType, isInteger, type OnnxTensor, tensor } from "../../format/tensor.ts";
import { type Operator, required } from "./operator.ts";
import { broadcast, broadcastShape } from "./strides.ts";

/** An operator on two tensors of one type, which are broadcast to one shape. */
function binary(f: (a: number, b: number, integer: boolean) => number, result?: "bool"): Operator {
  return {
    prepare: () => (inputs) => {
      const a = required(inputs, 0), b = required(inputs, 1);
      requireSameType(a, b);
      const shape = broadcastShape(a.shape, b.shape);
      const integer = isInteger(a.type);
      const x = broadcast(a, shape).data, y = broadcast(b, shape).data, z = new Float64Array(x.length);
      for (let i = 0; i < z.length; i++) z[i] = f(x[i], y[i], integer);
      return [tensor(result ?? a.type, shape, z)];
    },
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
};

function raised(x: number, y: number): number {
  if (Number.isInteger(y) && Math.abs(y) <= 1024) return y < 0 ? 1 / power(x, -y) : power(x, y);
  if (y === 0.5) return Math.sqrt(x);
  return x === 0 ? (y > 0 ? 0 : Infinity) : exp(y * log(x));
}

function requireSameType(a: OnnxTensor, b: OnnxTensor): void {
  if (a.type !== b.type) throw new ShapeError(`the inputs must have one type, got ${a.type} and ${b.type}`);
}

export const add = /* @__PURE__ */ binary((a, b) => a + b);
export const sub = /* @__PURE__ */ binary((a, b) => a - b);
export const mul = /* @__PURE__ */ binary((a, b) => a * b);
export const div = /* @__PURE__ */ binary((a, b, integer) => integer ? Math.trunc(a / b) : a / b);
export const less = /* @__PURE__ */ binary((a, b) => Number(a < b), "bool");
export const equal = /* @__PURE__ */ binary((a, b) => Number(a === b), "bool");

/** Elements of the second input where the first is true, of the third elsewhere. */
export const where: Operator = {
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
