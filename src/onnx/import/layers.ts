import { type ActivationName, completeActivation } from "../../ops/activation.ts";
import { spend } from "../format/budget.ts";
import { isInteger } from "../format/tensor.ts";
import { axisOf } from "../run/operators/operator.ts";
import { reshaped, transposed } from "../run/operators/strides.ts";
import type { Chain, FindLayer } from "./chain.ts";
import { add, div, mul, neg, sub } from "./affine.ts";
import { findSoftmax } from "./attention.ts";
import { atLeastOne, compare, equalMask, not, where } from "./masks.ts";
import { findPool, findSum } from "./pooling.ts";
import { findProjection } from "./projection.ts";
import { findRecurrent } from "./recurrent.ts";
import {
  cannotImport,
  constantOf,
  type ElementSource,
  indexTensor,
  isElementSource,
  rowVector,
  type SymbolicValue,
} from "./symbolic.ts";

/** Finds the layer of any node. */
export const findLayer: FindLayer = (chain, node, inputs) => {
  const { operator, recurrent, label } = node;
  const own = Object.hasOwn(FINDERS, operator) ? FINDERS[operator] : undefined;
  const find = recurrent ? findRecurrent : own;
  // Layers have copies of their weights, so that many layers of the same weights take memory.
  for (const input of inputs) spend(2 * (constantOf(input)?.data.length ?? 0));
  if (find) return find(chain, node, inputs);
  throw cannotImport(label, "there is no such layer");
};

/** The output of a layer that makes one row of `width` elements of each token: numbers, or integers to be cast. */
function tokenRows(
  chain: Chain,
  { indices: { shape, data } }: ElementSource,
  width: number,
  isInteger = false,
): SymbolicValue[] {
  const indices = indexTensor([...shape, width], (i) => data[Math.floor(i / width)] * width + i % width);
  return [{ ...chain.topOutput(indices), isInteger }];
}

const embedding: FindLayer = (chain, { label, attributes }, [weight, tokens]) => {
  const table = constantOf(weight);
  const axis = attributes().int("axis", 0);
  if (!table || table.shape.length !== 2 || axis || !isElementSource(tokens) || tokens.sources || !chain.empty) {
    throw cannotImport(label, "an embedding picks rows of a constant matrix by the tokens of the input");
  }
  const [vocabulary, width] = table.shape;
  const isIdentity = vocabulary === width && table.data.every((x, i) => x === Number(i % (width + 1) === 0));
  if (isIdentity) chain.layers.push({ kind: "oneHot", vocabulary });
  else chain.layers.push({ kind: "embedding", weight: { shape: table.shape, data: Float32Array.from(table.data) } });
  return tokenRows(chain, tokens, width);
};

const oneHot: FindLayer = (chain, { label, attributes }, [tokens, depth, values]) => {
  const vocabulary = constantOf(depth)?.data[0];
  const { type = "float", data: [off, on] = [] } = constantOf(values) ?? {};
  const axis = attributes().int("axis", -1);
  const isLastAxis = isElementSource(tokens) && !tokens.sources && [-1, tokens.indices.shape.length].includes(axis);
  if (!isLastAxis || !vocabulary || off !== 0 || on !== 1 || !chain.empty) {
    throw cannotImport(label, "one-hot rows are zeros with a one at the tokens of the input");
  }
  chain.layers.push({ kind: "oneHot", vocabulary });
  return tokenRows(chain, tokens, vocabulary, isInteger(type));
};

/** Equal: of tokens and the numbers of a vocabulary, one-hot rows; of a mask and 0, the opposite mask. */
const equal: FindLayer = (chain, { label }, inputs) => {
  const mask = equalMask(label, inputs);
  if (mask) return [mask];
  const tokens = inputs.find(isElementSource), numbers = inputs.map(constantOf).find((value) => value !== undefined);
  const { shape } = numbers ?? { shape: [] }, vocabulary = shape.at(-1) ?? 0;
  const isCount = numbers && numbers.data.length === vocabulary && numbers.data.every((x, i) => x === i);
  if (!isCount || !tokens?.isInteger || tokens.sources || tokens.indices.shape.at(-1) !== 1 || !chain.empty) {
    throw cannotImport(label, "it does not compare tokens with the numbers of a vocabulary");
  }
  chain.layers.push({ kind: "oneHot", vocabulary });
  const { type, shape: extents, data } = tokens.indices;
  const rows = { ...tokens, indices: { type, shape: extents.slice(0, -1), data } };
  return tokenRows(chain, rows, vocabulary, true);
};

/** MatMul or Gemm. A MatMul gets its bias from a following Add. */
const dense: FindLayer = (chain, node, inputs) => {
  const { label, operator, attributes } = node;
  const projected = findProjection(chain, inputs[0], constantOf(inputs[1]));
  if (projected) return [projected];
  const { indices } = chain.rows(label, inputs[0]);
  const own = attributes();
  const factor = constantOf(inputs[1]), c = constantOf(inputs[2]);
  const matrix = factor?.shape.length === 3 && factor.shape[0] === 1 ? reshaped(factor, factor.shape.slice(1)) : factor;
  const alpha = own.take("alpha", "float") ?? 1, beta = own.take("beta", "float") ?? 1;
  if (!matrix || matrix.shape.length !== 2 || own.int("transA", 0) || (inputs[2] && !c)) {
    throw cannotImport(label, "a dense layer multiplies rows by a constant matrix");
  }
  const weight = own.int("transB", 0) ? matrix : transposed(matrix, [1, 0]);
  const [output, input] = weight.shape;
  const width = indices.shape.at(-1)!;
  if (width !== input) {
    throw cannotImport(label, `a matrix with ${input} rows cannot multiply rows of ${width} elements`);
  }
  const data = Float32Array.from(weight.data, (w) => alpha * w);
  const bias = c && rowVector(label, "a bias", c, output).map((b) => beta * b);
  chain.layers.push({ kind: "dense", weight: { shape: weight.shape, data }, ...(operator === "Gemm" && { bias }) });
  return [chain.topOutput(indices, output)];
};

const activation: FindLayer = (chain, { label, operator, attributes }, [x]) => {
  const { indices } = chain.rows(label, x);
  const own = attributes();
  const f = completeActivation("activation", {
    name: operator[0].toLowerCase() + operator.slice(1) as ActivationName,
    alpha: own.take("alpha", "float"),
    beta: own.take("beta", "float"),
  });
  chain.layers.push({ kind: "activation", f, width: indices.shape.at(-1)! });
  return [chain.topOutput(indices)];
};

const layerNorm: FindLayer = (chain, { label, attributes, outputs }, [x, scaleInput, biasInput]) => {
  const { indices, indices: { shape } } = chain.rows(label, x);
  const own = attributes();
  const scale = constantOf(scaleInput), bias = constantOf(biasInput);
  const width = shape.at(-1)!;
  const axis = axisOf(own.int("axis", -1), shape.length);
  if (!scale || (biasInput && !bias) || axis !== shape.length - 1 || outputs.slice(1).some((name) => name)) {
    throw cannotImport(label, "layer normalisation is over rows, with constant scale and bias");
  }
  chain.layers.push({
    kind: "layerNorm",
    epsilon: own.take("epsilon", "float") ?? 1e-5,
    weight: rowVector(label, "a scale", scale, width),
    bias: bias ? rowVector(label, "a bias", bias, width) : new Float32Array(width),
  });
  return [chain.topOutput(indices)];
};

const FINDERS: Readonly<Record<string, FindLayer>> = {
  Add: add,
  Clip: atLeastOne,
  Div: div,
  Elu: activation,
  Equal: equal,
  Gather: embedding,
  Gemm: dense,
  GlobalAveragePool: findPool,
  GlobalMaxPool: findPool,
  Greater: compare,
  GreaterOrEqual: compare,
  HardSigmoid: activation,
  LayerNormalization: layerNorm,
  LeakyRelu: activation,
  Less: compare,
  LessOrEqual: compare,
  LogSoftmax: findSoftmax,
  MatMul: dense,
  Max: atLeastOne,
  Mul: mul,
  Neg: neg,
  Not: not,
  OneHot: oneHot,
  ReduceMax: findPool,
  ReduceMean: findPool,
  ReduceSum: findSum,
  Relu: activation,
  Sigmoid: activation,
  Softmax: findSoftmax,
  Softplus: activation,
  Softsign: activation,
  Sub: sub,
  Tanh: activation,
  ThresholdedRelu: activation,
  Where: where,
};
