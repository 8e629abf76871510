import { ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { allocate, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { planGemm, planMatMul } from "../plan/products_plan.ts";
import { type NodeContext, type Operator, required } from "./operator.ts";
import { broadcast, broadcastShape, reshaped, transposed } from "./strides.ts";

/**
 * numpy's matmul: products of matrices in the last two dimensions; the dimensions before are broadcast. A vector is a
 * row on the left and a column on the right.
 */
export const matMul: Operator = {
  plan: () => planMatMul,
  prepare: () => (inputs) => {
    const a = required(inputs, 0), b = required(inputs, 1);
    const row = a.shape.length === 1, column = b.shape.length === 1;
    const left = row ? reshaped(a, [1, ...a.shape]) : a, right = column ? reshaped(b, [...b.shape, 1]) : b;
    const product = multiplied(left, right), shape = product.shape.slice(0, -2);
    const [m, n] = product.shape.slice(-2);
    return [reshaped(product, [...shape, ...(row ? [] : [m]), ...(column ? [] : [n])])];
  },
};

/** The products of the matrices in the last two dimensions; the dimensions before are broadcast. */
export function multiplied(a: OnnxTensor, b: OnnxTensor): OnnxTensor {
  const [m, k] = a.shape.slice(-2), [inner, n] = b.shape.slice(-2);
  if (a.shape.length < 2 || b.shape.length < 2 || k !== inner || a.type !== b.type) {
    throw new ShapeError(`${a.type} [${a.shape}] cannot be multiplied with ${b.type} [${b.shape}]`);
  }
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), count = sizeOf(lead);
  spend(count * m * k * n / 16);
  const left = broadcast(a, [...lead, m, k]).data, right = broadcast(b, [...lead, k, n]).data;
  const data = allocate(a.type, [...lead, m, n]), sums = new Float64Array(n);
  for (let i = 0; i < count * m; i++) {
    const matrix = Math.floor(i / m) * k * n;
    sums.fill(0);
    for (let j = 0; j < k; j++) {
      const factor = left[i * k + j], from = matrix + j * n;
      for (let c = 0; c < n; c++) sums[c] += factor * right[from + c];
    }
    data.set(sums, i * n);
  }
  return tensor(a.type, [...lead, m, n], data);
}

/** alpha A B + beta C for matrices A and B, each optionally transposed, and C broadcast to the product. */
export const gemm: Operator = {
  plan(node) {
    const { alpha, beta, transposed: [a, b] } = readGemm(node);
    return planGemm(alpha, beta, a, b);
  },
  prepare(node) {
    const { alpha, beta, transposed: both } = readGemm(node), orders = both.map((is) => is ? [1, 0] : [0, 1]);
    return (inputs) => {
      const [a, b] = orders.map((order, i) => {
        const matrix = required(inputs, i);
        if (matrix.shape.length === 2) return transposed(matrix, order);
        throw new ShapeError(`input ${i} must be a matrix, got shape [${matrix.shape}]`);
      });
      const { type, shape, data } = multiplied(a, b);
      const c = inputs[2] && repeated(inputs[2], shape).data;
      return [tensor(type, shape, Float64Array.from(data, (x, i) => alpha * x + (c ? beta * c[i] : 0)))];
    };
  },
};

function readGemm({ attributes }: NodeContext) {
  return {
    alpha: attributes.take("alpha", "float") ?? 1,
    beta: attributes.take("beta", "float") ?? 1,
    transposed: ["transA", "transB"].map((name) => attributes.int(name, 0) !== 0),
  };
}

function repeated(c: OnnxTensor, shape: readonly number[]): OnnxTensor {
  if (broadcastShape(c.shape, shape).join() === shape.join()) return broadcast(c, shape);
  throw new ShapeError(`C of shape [${c.shape}] does not broadcast to [${shape}]`);
}
