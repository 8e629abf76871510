import type { Attributes } from "../format/attributes.ts";
import { axisOf } from "../run/operators/operator.ts";
import { broadcast, transposed } from "../run/operators/strides.ts";
import { isWeighted, sumOfWeighted } from "./attention.ts";
import type { Chain, FindLayer } from "./chain.ts";
import { counted } from "./masks.ts";
import {
  cannotImport,
  constantOf,
  type ElementSource,
  indexTensor,
  isElementSource,
  isLow,
  isPlain,
  type SymbolicValue,
} from "./symbolic.ts";
import { allSteps } from "./steps.ts";

/** ReduceMean, ReduceMax, GlobalAveragePool or GlobalMaxPool: the mean or the maximum over all steps of a row. */
export const findPool: FindLayer = (chain, { label, operator, attributes }, [x, axesInput]) => {
  const own = attributes(), isGlobal = operator.startsWith("Global");
  const axes = isGlobal ? [-1] : axesOf(own, axesInput), keepsAxis = isGlobal || own.int("keepdims", 1) !== 0;
  const how = operator.includes("Max") ? "max" : "mean";
  if (axes.length !== 1) throw cannotImport(label, "a pooling layer makes one row of all steps");
  const isBehind = isPlain(x) && x.indices.shape.length === 3 && axisOf(axes[0], 3) === 2;
  if (!isBehind) return [poolSteps(chain, label, how, x, axes[0], keepsAxis)];
  // [B, width, T], as convolutions have it.
  const rows = { ...x, indices: transposed(x.indices, [0, 2, 1]) };
  const pooled = poolSteps(chain, label, how, rows, 1, false), { type, shape, data } = pooled.indices;
  return [{ ...pooled, indices: { type, shape: keepsAxis ? [...shape, 1] : shape, data } }];
};

function poolSteps(
  chain: Chain,
  label: string,
  how: "mean" | "max",
  x: SymbolicValue | undefined,
  axis: number,
  keepsAxis: boolean,
): ElementSource {
  const { indices, padding } = chain.paddedRows(label, x);
  if (padding && !(how === "max" && isLow(padding))) throw cannotImport(label, "it reads the padding too");
  const B = allSteps(chain, label, indices, axis, padding);
  const width = indices.shape.at(-1)!;
  chain.poolLengths(label, padding?.lengths);
  chain.layers.push({ kind: "pool", how, width });
  chain.steps = "one";
  return chain.topOutput(indexTensor(keepsAxis ? indices.shape.with(axisOf(axis, 3), 1) : [B, width]));
}

/**
 * ReduceSum: the sum of weighted steps, which completes attention, or of all steps of rows with lengths, which begins a
 * mean. Also the lengths themselves, as the number of steps in a mask.
 */
export const findSum: FindLayer = (chain, { label, attributes }, [x, axesInput]) => {
  const own = attributes();
  const axes = axesOf(own, axesInput), keepsAxis = own.int("keepdims", 1) !== 0;
  if (!isElementSource(x)) throw cannotImport(label, "there is no such layer");
  if (axes.length !== 1) throw cannotImport(label, "it does not add all steps");
  const axis = axisOf(axes[0], x.indices.shape.length);
  const lengths = counted(x, axis, keepsAxis);
  if (lengths) return [lengths];
  const { indices, indices: { shape }, padding } = isWeighted(chain, x) ? x : chain.paddedRows(label, x);
  const B = allSteps(chain, label, indices, axis, padding);
  if (isWeighted(chain, x)) sumOfWeighted(chain);
  else {
    if (padding?.value !== 0) {
      throw cannotImport(label, "a sum of steps is no layer, but the mean of rows with lengths");
    }
    chain.poolLengths(label, padding.lengths);
    chain.layers.push({ kind: "pool", how: "mean", width: shape.at(-1)!, stage: "sum" });
  }
  chain.steps = "one";
  return [chain.topOutput(indexTensor(keepsAxis ? shape.with(axis, 1) : [B, shape.at(-1)!]))];
};

/** The sums of the steps of rows, divided by the lengths of these: their means. Undefined for other values. */
export function averagePool(chain: Chain, sums: ElementSource, lengths: ElementSource): ElementSource | undefined {
  const layer = chain.layers.at(-1);
  if (layer?.kind !== "pool" || layer.stage !== "sum" || !chain.isTop(sums)) return undefined;
  const { shape, data } = sums.indices, rows = broadcast(lengths.indices, shape).data;
  const isOfRows = lengths.source === chain.lengths &&
    data.every((index, i) => Math.floor(index / layer.width) === rows[i]);
  if (!isOfRows) return undefined;
  layer.stage = "whole";
  return chain.topOutput(sums.indices);
}

/** The axes of a reduction: an attribute in old versions of the operator, an input in new ones. */
function axesOf(attributes: Attributes, input: SymbolicValue | undefined): readonly number[] {
  return attributes.take("axes", "ints") ?? [...constantOf(input)?.data ?? []];
}
