import { add, cast, div, equal, less, mul, pow, sub, where } from "./elementwise.ts";
import {
  elu,
  hardSigmoid,
  leakyRelu,
  relu,
  sigmoid,
  softplus,
  softsign,
  sqrt,
  tanh,
  thresholdedRelu,
} from "./functions.ts";
import { concat, flatten, gather, identity, reshape, slice, split, squeeze, transpose, unsqueeze } from "./movement.ts";
import type { Operator } from "./operator.ts";
import { gemm, matMul } from "./products.ts";
import { constant, constantOfShape, expand, oneHot, range, shape } from "./shapes.ts";
import { layerNormalization, reduceMax, reduceMean, reduceSum } from "./reductions.ts";
import { logSoftmax, softmax } from "./softmax.ts";

/** The operators that are not recurrent, by their names in ONNX (https://onnx.ai/onnx/operators). */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: add,
  Cast: cast,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Div: div,
  Elu: elu,
  Equal: equal,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  Gemm: gemm,
  HardSigmoid: hardSigmoid,
  Identity: identity,
  LayerNormalization: layerNormalization,
  LeakyRelu: leakyRelu,
  Less: less,
  LogSoftmax: logSoftmax,
  MatMul: matMul,
  Mul: mul,
  OneHot: oneHot,
  Pow: pow,
  Range: range,
  ReduceMax: reduceMax,
  ReduceMean: reduceMean,
  ReduceSum: reduceSum,
  Relu: relu,
  Reshape: reshape,
  Shape: shape,
  Sigmoid: sigmoid,
  Slice: slice,
  Softmax: softmax,
  Softplus: softplus,
  Softsign: softsign,
  Split: split,
  Sqrt: sqrt,
  Squeeze: squeeze,
  Sub: sub,
  Tanh: tanh,
  ThresholdedRelu: thresholdedRelu,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Where: where,
};
