import { type Chain, type Find, known } from "./chain.ts";
import { axisOf } from "../run/operators/operator.ts";
import type { AttentionPart, Part } from "./found_layer.ts";
import { sizeOf } from "../format/tensor.ts";
import { noLayer, numbered, type Origin } from "./symbolic.ts";

/** The mean or the largest of all steps of a row. */
export const findPool: Find = (chain, { label, operator, attributes }, [x, listed]) => {
  const { numbers } = chain.rows(label, x), given = attributes(), width = numbers.shape.at(-1)!;
  const axes = given.take("axes", "ints") ?? [...known(listed)?.data ?? []];
  if (axes.length !== 1) throw noLayer(label, "a pooling layer makes one row of all steps");
  const B = requireSteps(chain, label, numbers, axes[0]), axis = axisOf(axes[0], 3);
  chain.parts.push({ kind: "pool", how: operator === "ReduceMax" ? "max" : "mean", width });
  chain.once = true;
  return [chain.next(numbered(given.int("keepdims", 1) ? numbers.shape.with(axis, 1) : [B, width]))];
};

/**
 * Attention begins as a dense layer, tanh, and a product with the query; a softmax over time makes weights of it. Until
 * their sum is found as well the layer is not whole, and nothing else reads it.
 */
export const findSoftmax: Find = (chain, { label, opset, attributes }, [x]) => {
  const [keys, tanh, query] = chain.parts.slice(-3), scores = isScores(keys, tanh, query);
  if (!scores || !x || !("of" in x) || !chain.isTop(x)) throw noLayer(label, "there is no such layer");
  const { shape } = x.numbers, axis = axisOf(attributes().int("axis", opset < 13 ? 1 : -1), shape.length);
  // Before version 13 it is over all dimensions from the axis on.
  if (opset < 13 && sizeOf(shape.slice(axis + 1)) > 1) throw noLayer(label, "it is not over time alone");
  requireSteps(chain, label, shape.length === 2 ? { ...x.numbers, shape: [...shape, 1] } : x.numbers, axis);
  chain.parts.splice(-3);
  chain.parts.push({ kind: "attention", stage: "weights", ...scores });
  return [chain.next(x.numbers)];
};

/** The steps multiplied by their weights, where a and b are those; else undefined. */
export function weightSteps(chain: Chain, a: Origin, b: Origin): Origin | undefined {
  const part = chain.parts.at(-1);
  if (part?.kind !== "attention" || part.stage !== "weights") return undefined;
  const [weights, x] = chain.isTop(a) ? [a, b] : [b, a], [, width] = part.weight.shape, below = chain.below(x);
  const rows = weights.numbers.data.length, wide = numbered([...weights.numbers.shape.slice(0, -1), width]);
  const same = below?.shape.join() === wide.shape.join() &&
    weights.numbers.data.every((row, i) => below.data[i * width] === row * width) &&
    below.data.every((number, i) => i % width === 0 || number === below.data[i - 1] + 1);
  if (!chain.isTop(weights) || !same || rows * width !== below.data.length) return undefined;
  part.stage = "weighted";
  return chain.next(below);
}

/** The sum over time of the weighted steps. */
export const findSum: Find = (chain, { label, attributes }, [x, listed]) => {
  const part = chain.parts.at(-1), given = attributes();
  const axes = given.take("axes", "ints") ?? [...known(listed)?.data ?? []];
  if (part?.kind !== "attention" || part.stage !== "weighted" || !x || !("of" in x) || !chain.isTop(x)) {
    throw noLayer(label, "there is no such layer");
  }
  const { shape } = x.numbers, width = shape.at(-1)!;
  if (axes.length !== 1) throw noLayer(label, "it does not add all steps");
  const B = requireSteps(chain, label, x.numbers, axes[0]);
  part.stage = "whole";
  chain.once = true;
  return [chain.next(numbered(given.int("keepdims", 1) ? shape.with(axisOf(axes[0], 3), 1) : [B, width]))];
};

function isScores(
  keys?: Part,
  tanh?: Part,
  query?: Part,
): Pick<AttentionPart, "weight" | "bias" | "query"> | undefined {
  if (keys?.kind !== "dense" || !keys.bias || tanh?.kind !== "activation" || tanh.f.name !== "tanh") return undefined;
  if (query?.kind !== "dense" || query.bias || query.weight.shape[0] !== 1) return undefined;
  return { weight: keys.weight, bias: keys.bias, query: query.weight.data };
}

/** B, when an axis of rows `[T, B, width]` or `[B, T, width]` is time, all of it, in the order of the chain. */
function requireSteps(chain: Chain, label: string, { shape, data }: Origin["numbers"], given: number): number {
  const axis = axisOf(given, shape.length), width = shape.at(-1)!, r = chain.recurrence;
  if (chain.once || shape.length !== 3 || (axis !== 0 && axis !== 1)) {
    throw noLayer(label, "a pooling layer makes one row of all steps");
  }
  const T = shape[axis], B = shape[1 - axis];
  // Rows are numbered in the order of time, before the first recurrent layer in that of the model's input.
  const inOrder = (batchFirst: boolean) => {
    for (let i = 0; i < T * B; i++) {
      const [t, b] = axis ? [i % T, Math.floor(i / T)] : [Math.floor(i / B), i % B];
      if (data[i * width] !== (batchFirst ? b * T + t : t * B + b) * width) return false;
    }
    return true;
  };
  const order = [false, ...(r ? [] : [true])].find(inOrder);
  if (order === undefined || (r && r.T !== T)) throw noLayer(label, "it does not read all steps");
  if (!r) chain.batchFirst = order;
  return B;
}
