import { sizeOf } from "../format/tensor.ts";
import { axisOf } from "../run/operators/operator.ts";
import { transposed } from "../run/operators/strides.ts";
import type { Chain, FindLayer } from "./chain.ts";
import type { FoundAttention, FoundLayer } from "./found_layer.ts";
import { allSteps } from "./steps.ts";
import { cannotImport, type ElementSource, type Head, isElementSource, isLow, isPlain } from "./symbolic.ts";

/**
 * Softmax. At the end of a net it is passed over, as losses take its input. Softmax over time begins an attention
 * layer: a dense layer, tanh and a product with the query give the scores, and the softmax of the scores gives the
 * weights of the steps. The layer is whole once the weighted sum is found too. Until then no other layer may read its
 * output.
 */
export const findSoftmax: FindLayer = (chain, { label, operator, opset, attributes }, [x]) => {
  const [keys, tanh, query] = chain.layers.slice(-3);
  const scores = operator === "Softmax" ? scoresOf(keys, tanh, query) : undefined;
  if (!isElementSource(x) || !chain.isTop(x)) throw cannotImport(label, "it does not read the layer before it");
  const { indices, indices: { shape }, padding } = x;
  const axis = axisOf(attributes().int("axis", opset < 13 ? 1 : -1), shape.length);
  // Before version 13 the softmax is over all dimensions from the axis on.
  if (opset < 13 && sizeOf(shape.slice(axis + 1)) > 1) throw cannotImport(label, "it is over several dimensions");
  if (!scores) return [headOf(chain, label, operator === "Softmax" ? "softmax" : "logSoftmax", x, axis)];
  if (padding && !isLow(padding)) throw cannotImport(label, "it reads the padding too");
  allSteps(chain, label, shape.length === 2 ? { ...indices, shape: [...shape, 1] } : indices, axis, padding);
  chain.poolLengths(label, padding?.lengths);
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

/** Whether a value is the steps times their attention weights, not added yet. */
export function isWeighted(chain: Chain, x: ElementSource): boolean {
  const layer = chain.layers.at(-1);
  return layer?.kind === "attention" && layer.stage === "weighted" && chain.isTop(x);
}

/** Completes an attention layer: the weighted steps were added. */
export function sumOfWeighted(chain: Chain): void {
  (chain.layers.at(-1) as FoundAttention).stage = "whole";
}

/** A value whose softmax was passed over. It must be over whole rows. */
function headOf(chain: Chain, label: string, name: Head["name"], x: ElementSource, axis: number): ElementSource {
  const { shape } = x.indices, axes = shape.map((_, i) => i).filter((i) => i !== axis);
  const width = shape[axis], { data } = transposed(x.indices, [...axes, axis]);
  const isRow = data.every((index, i) => i % width === 0 || index === data[i - 1] + 1);
  if (!isRow || !isPlain(x) || chain.empty) throw cannotImport(label, "it is not over the elements of rows");
  return { ...x, head: { name, width } };
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
