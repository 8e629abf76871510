import { type ActivationName, completeActivation } from "../../ops/activation.ts";
import { spend } from "../format/budget.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { axisOf } from "../run/operators/operator.ts";
import { transposed } from "../run/operators/strides.ts";
import type { Chain, FindLayer } from "./chain.ts";
import { findPool, findSoftmax, findSum, weightSteps } from "./pooling.ts";
import { findRecurrent, mergeDirections } from "./recurrent.ts";
import {
  cannotImport,
  constantOf,
  type ElementSource,
  indexTensor,
  isElementSource,
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

/** The output of a layer that makes one row of `width` elements of each token. */
function tokenRows(chain: Chain, { indices: { shape, data } }: ElementSource, width: number): SymbolicValue[] {
  return [chain.topOutput(
    indexTensor([...shape, width], (i) => data[Math.floor(i / width)] * width + i % width),
  )];
}

const embedding: FindLayer = (chain, { label, attributes }, [weight, tokens]) => {
  const table = constantOf(weight);
  const axis = attributes().int("axis", 0);
  if (!table || table.shape.length !== 2 || axis || !isElementSource(tokens) || tokens.sources || !chain.empty) {
    throw cannotImport(label, "an embedding picks rows of a constant matrix by the tokens of the input");
  }
  chain.layers.push({ kind: "embedding", weight: { shape: table.shape, data: Float32Array.from(table.data) } });
  return tokenRows(chain, tokens, table.shape[1]);
};

const oneHot: FindLayer = (chain, { label, attributes }, [tokens, depth, values]) => {
  const vocabulary = constantOf(depth)?.data[0];
  const [off, on] = constantOf(values)?.data ?? [];
  const axis = attributes().int("axis", -1);
  const isLastAxis = isElementSource(tokens) && !tokens.sources && [-1, tokens.indices.shape.length].includes(axis);
  if (!isLastAxis || !vocabulary || off !== 0 || on !== 1 || !chain.empty) {
    throw cannotImport(label, "one-hot rows are zeros with a one at the tokens of the input");
  }
  chain.layers.push({ kind: "oneHot", vocabulary });
  return tokenRows(chain, tokens, vocabulary);
};

/** MatMul or Gemm. A MatMul gets its bias from a following Add. */
const dense: FindLayer = (chain, { label, operator, attributes }, inputs) => {
  const { indices } = chain.rows(label, inputs[0]);
  const own = attributes();
  const matrix = constantOf(inputs[1]), c = constantOf(inputs[2]);
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

/**
 * Add. With a constant: the bias of the dense layer below, or part of an affine function. With another value: the sum
 * of two directions, or a residual layer.
 */
const add: FindLayer = (chain, { label }, [a, b]) => {
  const below = chain.layers.at(-1);
  const c = constantOf(a) ?? constantOf(b);
  const x = constantOf(a) ? b : a;
  if (c && below?.kind === "dense" && !below.bias) {
    const { indices } = chain.rows(label, x);
    below.bias = rowVector(label, "a bias", c, below.weight.shape[0]);
    return [chain.topOutput(indices)];
  }
  if (c) return affine(chain, label, x, 1, onlyNumber(label, c));
  if (!isElementSource(a) || !isElementSource(b)) throw cannotImport(label, "it reads a constant");
  return [mergeDirections(chain, "sum", a, b) ?? chain.residual(label, a, b)];
};

/**
 * Mul. With a constant: an affine function, or the second half of the average of two directions. With another value:
 * the product of two directions, or the steps of attention times their weights.
 */
const mul: FindLayer = (chain, { label }, [a, b]) => {
  const below = chain.layers.at(-1);
  const c = constantOf(a) ?? constantOf(b);
  const x = constantOf(a) ? b : a;
  if (!c) {
    const both = isElementSource(a) && isElementSource(b)
      ? mergeDirections(chain, "multiply", a, b) ?? weightSteps(chain, a, b)
      : undefined;
    if (both) return [both];
    throw cannotImport(label, "a factor must be a constant, the other direction of the layer, or the weights of steps");
  }
  const alpha = onlyNumber(label, c);
  if (below?.kind !== "recurrent" || below.merge !== "sum" || alpha !== 0.5) return affine(chain, label, x, alpha, 0);
  const { indices } = chain.rows(label, x);
  below.merge = "average";
  return [chain.topOutput(indices)];
};

function affine(
  chain: Chain,
  label: string,
  x: SymbolicValue | undefined,
  alpha: number,
  beta: number,
): SymbolicValue[] {
  const { indices } = chain.rows(label, x);
  chain.layers.push({ kind: "activation", f: { name: "affine", alpha, beta }, width: indices.shape.at(-1)! });
  return [chain.topOutput(indices)];
}

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
  Elu: activation,
  Gather: embedding,
  Gemm: dense,
  HardSigmoid: activation,
  LayerNormalization: layerNorm,
  LeakyRelu: activation,
  MatMul: dense,
  Mul: mul,
  OneHot: oneHot,
  ReduceMax: findPool,
  ReduceMean: findPool,
  ReduceSum: findSum,
  Relu: activation,
  Sigmoid: activation,
  Softmax: findSoftmax,
  Softplus: activation,
  Softsign: activation,
  Tanh: activation,
  ThresholdedRelu: activation,
};

/** The elements of a constant that is the same row for all steps. */
function rowVector(label: string, what: string, { shape, data }: OnnxTensor, width: number): Float32Array {
  if (data.length === width && (shape.at(-1) === width)) return Float32Array.from(data);
  throw cannotImport(label, `${what} must be a row of ${width} elements, got shape [${shape}]`);
}

/** The number of a constant that has one element. */
function onlyNumber(label: string, { shape, data }: OnnxTensor): number {
  if (data.length === 1) return data[0];
  throw cannotImport(label, `a constant must be the bias of a dense layer or one number, got shape [${shape}]`);
}
