import { type ActivationName, completeActivation } from "../../ops/activation.ts";
import { type Chain, type Find, known } from "./chain.ts";
import { findPool, findSoftmax, findSum, weightSteps } from "./pooling.ts";
import { findRecurrent, mergeDirections } from "./recurrent.ts";
import { axisOf } from "../run/operators/operator.ts";
import { transposed } from "../run/operators/strides.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { noLayer, numbered, type Origin, type Trace } from "./symbolic.ts";

/** The layer that a node is, on top of those found so far, and what it gives. */
export const findLayer: Find = (chain, node, inputs) => {
  const find = node.recurrent
    ? findRecurrent
    : Object.hasOwn(FINDERS, node.operator)
    ? FINDERS[node.operator]
    : undefined;
  if (find) return find(chain, node, inputs);
  throw noLayer(node.label, "there is no such layer");
};

/** Numbers of tokens become rows of `width` elements. */
function tokenRows(chain: Chain, { numbers }: Origin, width: number): Trace[] {
  return [chain.next(
    numbered([...numbers.shape, width], (i) => numbers.data[Math.floor(i / width)] * width + i % width),
  )];
}

const embedding: Find = (chain, { label, attributes }, [weight, tokens]) => {
  const table = known(weight), axis = attributes().int("axis", 0);
  if (!table || table.shape.length !== 2 || axis || !isOrigin(tokens) || tokens.joined || !chain.empty) {
    throw noLayer(label, "an embedding picks rows of a constant matrix by the tokens of the input");
  }
  chain.parts.push({ kind: "embedding", weight: { shape: table.shape, data: Float32Array.from(table.data) } });
  return tokenRows(chain, tokens, table.shape[1]);
};

const oneHot: Find = (chain, { label, attributes }, [tokens, depth, values]) => {
  const vocabulary = known(depth)?.data[0], [off, on] = known(values)?.data ?? [], axis = attributes().int("axis", -1);
  const last = isOrigin(tokens) && !tokens.joined && [-1, tokens.numbers.shape.length].includes(axis);
  if (!last || !vocabulary || off !== 0 || on !== 1 || !chain.empty) {
    throw noLayer(label, "one-hot rows are zeros with a one at the tokens of the input");
  }
  chain.parts.push({ kind: "oneHot", vocabulary });
  return tokenRows(chain, tokens, vocabulary);
};

const dense: Find = (chain, { label, operator, attributes }, inputs) => {
  const x = chain.rows(label, inputs[0]), given = attributes(), matrix = known(inputs[1]);
  const alpha = given.take("alpha", "float") ?? 1, beta = given.take("beta", "float") ?? 1, c = known(inputs[2]);
  if (!matrix || matrix.shape.length !== 2 || given.int("transA", 0) || (inputs[2] && !c)) {
    throw noLayer(label, "a dense layer multiplies rows with a constant matrix");
  }
  const weight = given.int("transB", 0) ? matrix : transposed(matrix, [1, 0]), [output, input] = weight.shape;
  const width = x.numbers.shape.at(-1)!;
  if (width !== input) throw noLayer(label, `rows of ${width} elements meet a matrix of ${input}`);
  const data = Float32Array.from(weight.data, (w) => alpha * w);
  const bias = c && rowVector(label, "a bias", c, output).map((b) => beta * b);
  chain.parts.push({ kind: "dense", weight: { shape: weight.shape, data }, ...(operator === "Gemm" && { bias }) });
  return [chain.next(x.numbers, output)];
};

/** A constant is the bias of a product, or part of an affine function; two values are directions or a residual. */
const add: Find = (chain, { label }, [a, b]) => {
  const below = chain.parts.at(-1), c = known(a) ?? known(b), x = known(a) ? b : a;
  if (c && below?.kind === "dense" && !below.bias) {
    const { numbers } = chain.rows(label, x);
    below.bias = rowVector(label, "a bias", c, below.weight.shape[0]);
    return [chain.next(numbers)];
  }
  if (c) return affine(chain, label, x, 1, onlyNumber(label, c));
  if (!isOrigin(a) || !isOrigin(b)) throw noLayer(label, "it reads a constant");
  return [mergeDirections(chain, "sum", a, b) ?? chain.residual(label, a, b)];
};

const mul: Find = (chain, { label }, [a, b]) => {
  const c = known(a) ?? known(b), x = known(a) ? b : a, below = chain.parts.at(-1);
  if (!c) {
    const both = isOrigin(a) && isOrigin(b)
      ? mergeDirections(chain, "multiply", a, b) ?? weightSteps(chain, a, b)
      : undefined;
    if (both) return [both];
    throw noLayer(label, "only a constant is multiplied, the two directions of a layer, or steps with their weights");
  }
  const alpha = onlyNumber(label, c);
  if (below?.kind !== "recurrent" || below.merge !== "sum" || alpha !== 0.5) return affine(chain, label, x, alpha, 0);
  const { numbers } = chain.rows(label, x);
  below.merge = "average";
  return [chain.next(numbers)];
};

function affine(chain: Chain, label: string, x: Trace | undefined, alpha: number, beta: number): Trace[] {
  const { numbers } = chain.rows(label, x);
  chain.parts.push({ kind: "activation", f: { name: "affine", alpha, beta }, width: numbers.shape.at(-1)! });
  return [chain.next(numbers)];
}

const activation: Find = (chain, { label, operator, attributes }, [x]) => {
  const { numbers } = chain.rows(label, x), given = attributes();
  const name = operator[0].toLowerCase() + operator.slice(1) as ActivationName;
  const numbersOf = { alpha: given.take("alpha", "float"), beta: given.take("beta", "float") };
  const f = completeActivation("activation", { name, ...numbersOf });
  chain.parts.push({ kind: "activation", f, width: numbers.shape.at(-1)! });
  return [chain.next(numbers)];
};

const layerNorm: Find = (chain, { label, attributes, outputs }, [x, scale, bias]) => {
  const { numbers } = chain.rows(label, x), { shape } = numbers, width = shape.at(-1)!, given = attributes();
  const gain = known(scale), shift = known(bias), axis = axisOf(given.int("axis", -1), shape.length);
  if (!gain || (bias && !shift) || axis !== shape.length - 1 || outputs.slice(1).some((name) => name)) {
    throw noLayer(label, "layer normalisation is over rows, by constants");
  }
  chain.parts.push({
    kind: "layerNorm",
    epsilon: given.take("epsilon", "float") ?? 1e-5,
    weight: rowVector(label, "a scale", gain, width),
    bias: shift ? rowVector(label, "a bias", shift, width) : new Float32Array(width),
  });
  return [chain.next(numbers)];
};

const FINDERS: Readonly<Record<string, Find>> = {
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

function isOrigin(trace: Trace | undefined): trace is Origin {
  return trace !== undefined && "of" in trace;
}

/** A constant that is one row for all. */
function rowVector(label: string, what: string, { shape, data }: OnnxTensor, width: number): Float32Array {
  if (data.length === width && (shape.at(-1) === width)) return Float32Array.from(data);
  throw noLayer(label, `${what} must be a row of ${width} elements, got shape [${shape}]`);
}

/** A constant that is one number for all. */
function onlyNumber(label: string, { shape, data }: OnnxTensor): number {
  if (data.length === 1) return data[0];
  throw noLayer(label, `a constant must be the bias of a product or one number, got shape [${shape}]`);
}
