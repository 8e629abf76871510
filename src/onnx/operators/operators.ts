import { add, cast, div, equal, mul, relu, sigmoid, sub, tanh, where } from "./elementwise.ts";
import { concat, flatten, gather, identity, reshape, slice, split, squeeze, transpose, unsqueeze } from "./movement.ts";
import type { Operator } from "./operator.ts";
import { gemm, matMul } from "./products.ts";
import { constant, constantOfShape, expand, shape } from "./shapes.ts";
import { logSoftmax, softmax } from "./softmax.ts";

/** The operators around recurrent ones (https://onnx.ai/onnx/operators), by their names there. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: add,
  Cast: cast,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Div: div,
  Equal: equal,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  Gemm: gemm,
  Identity: identity,
  LogSoftmax: logSoftmax,
  MatMul: matMul,
  Mul: mul,
  Relu: relu,
  Reshape: reshape,
  Shape: shape,
  Sigmoid: sigmoid,
  Slice: slice,
  Softmax: softmax,
  Split: split,
  Squeeze: squeeze,
  Sub: sub,
  Tanh: tanh,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Where: where,
};
