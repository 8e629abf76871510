import { sizeOf } from "../format/tensor.ts";
import type { Attributes } from "../format/attributes.ts";
import { axisOf } from "../run/operators/operator.ts";
import type { Chain, FindLayer } from "./chain.ts";
import type { FoundAttention, FoundLayer } from "./found_layer.ts";
import {
  cannotImport,
  constantOf,
  type ElementSource,
  indexTensor,
  isElementSource,
  type SymbolicValue,
} from "./symbolic.ts";

/** ReduceMean or ReduceMax: the mean or the maximum over all steps of a row. */
export const findPool: FindLayer = (chain, { label, operator, attributes }, [x, axesInput]) => {
  const { indices } = chain.rows(label, x);
  const own = attributes();
  const axes = axesOf(own, axesInput);
  if (axes.length !== 1) throw cannotImport(label, "a pooling layer makes one row of all steps");
  const B = requireAllSteps(chain, label, indices, axes[0]);
  const width = indices.shape.at(-1)!;
  chain.layers.push({ kind: "pool", how: operator === "ReduceMax" ? "max" : "mean", width });
  chain.steps = "one";
  const shape = own.int("keepdims", 1) ? indices.shape.with(axisOf(axes[0], 3), 1) : [B, width];
  return [chain.topOutput(indexTensor(shape))];
};

/**
 * Softmax over time, which begins an attention layer: a dense layer, tanh and a product with the query give the scores,
 * and the softmax of the scores gives the weights of the steps. The layer is whole once the weighted sum is found too.
 * Until then no other layer may read its output.
 */
export const findSoftmax: FindLayer = (chain, { label, opset, attributes }, [x]) => {
  const [keys, tanh, query] = chain.layers.slice(-3);
  const scores = scoresOf(keys, tanh, query);
  if (!scores || !isElementSource(x) || !chain.isTop(x)) throw cannotImport(label, "there is no such layer");
  const { indices, indices: { shape } } = x;
  const axis = axisOf(attributes().int("axis", opset < 13 ? 1 : -1), shape.length);
  // Before version 13 the softmax is over all dimensions from the axis on.
  if (opset < 13 && sizeOf(shape.slice(axis + 1)) > 1) throw cannotImport(label, "it is not over time alone");
  requireAllSteps(chain, label, shape.length === 2 ? { ...indices, shape: [...shape, 1] } : indices, axis);
  chain.layers.splice(-3);
  chain.layers.push({ kind: "attention", stage: "weights", ...scores });
  return [chain.topOutput(indices)];
};

/** The steps times their attention weights, when one of a and b holds the steps and the other the weights. */
export function weightSteps(chain: Chain, a: ElementSource, b: ElementSource): ElementSource | undefined {
  const layer = chain.layers.at(-1);
  if (layer?.kind !== "attention" || layer.stage !== "weights") return undefined;
  const [weights, steps] = chain.isTop(a) ? [a, b] : [b, a];
  const [, width] = layer.weight.shape;
  const read = chain.inputOfTop(steps);
  const { shape, data } = weights.indices;
  const same = read?.shape.join() === [...shape.slice(0, -1), width].join() &&
    data.every((row, i) => read.data[i * width] === row * width) &&
    read.data.every((index, i) => i % width === 0 || index === read.data[i - 1] + 1);
  if (!chain.isTop(weights) || !same || data.length * width !== read.data.length) return undefined;
  layer.stage = "weighted";
  return chain.topOutput(read);
}

/** ReduceSum: the sum of the weighted steps over time, which completes an attention layer. */
export const findSum: FindLayer = (chain, { label, attributes }, [x, axesInput]) => {
  const layer = chain.layers.at(-1);
  const own = attributes();
  const axes = axesOf(own, axesInput);
  if (layer?.kind !== "attention" || layer.stage !== "weighted" || !isElementSource(x) || !chain.isTop(x)) {
    throw cannotImport(label, "there is no such layer");
  }
  const { shape } = x.indices;
  if (axes.length !== 1) throw cannotImport(label, "it does not add all steps");
  const B = requireAllSteps(chain, label, x.indices, axes[0]);
  layer.stage = "whole";
  chain.steps = "one";
  const sumShape = own.int("keepdims", 1) ? shape.with(axisOf(axes[0], 3), 1) : [B, shape.at(-1)!];
  return [chain.topOutput(indexTensor(sumShape))];
};

/** The axes of a reduction: an attribute in old versions of the operator, an input in new ones. */
function axesOf(attributes: Attributes, input: SymbolicValue | undefined): readonly number[] {
  return attributes.take("axes", "ints") ?? [...constantOf(input)?.data ?? []];
}

/** The parameters of attention, when three layers compute its scores. */
function scoresOf(
  keys?: FoundLayer,
  tanh?: FoundLayer,
  query?: FoundLayer,
): Pick<FoundAttention, "weight" | "bias" | "query"> | undefined {
  if (keys?.kind !== "dense" || !keys.bias || tanh?.kind !== "activation" || tanh.f.name !== "tanh") return undefined;
  if (query?.kind !== "dense" || query.bias || query.weight.shape[0] !== 1) return undefined;
  return { weight: keys.weight, bias: keys.bias, query: query.weight.data };
}

/**
 * Requires that an axis of rows `[T, B, width]` or `[B, T, width]` is time, with all steps in the order of the chain.
 *
 * @returns B.
 */
function requireAllSteps(
  chain: Chain,
  label: string,
  { shape, data }: ElementSource["indices"],
  timeAxis: number,
): number {
  const axis = axisOf(timeAxis, shape.length);
  const width = shape.at(-1)!;
  const r = chain.recurrence;
  if (chain.steps === "one" || shape.length !== 3 || (axis !== 0 && axis !== 1)) {
    throw cannotImport(label, "a pooling layer makes one row of all steps");
  }
  const T = shape[axis], B = shape[1 - axis];
  // Indices are time-major from the first recurrent layer on. Before, they have the order of the model's input.
  const isInOrder = (batchFirst: boolean) => {
    for (let i = 0; i < T * B; i++) {
      const [t, b] = axis ? [i % T, Math.floor(i / T)] : [Math.floor(i / B), i % B];
      if (data[i * width] !== (batchFirst ? b * T + t : t * B + b) * width) return false;
    }
    return true;
  };
  const batchFirst = (r ? [false] : [false, true]).find(isInOrder);
  if (batchFirst === undefined || (r && r.T !== T)) throw cannotImport(label, "it does not read all steps");
  if (!r) chain.batchFirst = batchFirst;
  return B;
}
