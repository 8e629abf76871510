import { spend } from "../format/budget.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { weightSteps } from "./attention.ts";
import type { Chain, FindLayer } from "./chain.ts";
import { masked } from "./masks.ts";
import { averagePool } from "./pooling.ts";
import { mergeDirections } from "./recurrent.ts";
import { cannotImport, constantOf, isElementSource, isPlain, rowVector, type SymbolicValue } from "./symbolic.ts";

/**
 * Add. With a constant: the bias of the dense layer below, or part of an affine function. With another value: the sum
 * of two directions, or a residual layer.
 */
export const add: FindLayer = (chain, { label }, [a, b]) => {
  const below = chain.layers.at(-1);
  const c = constantOf(a) ?? constantOf(b);
  const x = constantOf(a) ? b : a;
  if (c && below?.kind === "dense" && !below.bias) {
    const { indices } = chain.rows(label, x);
    below.bias = rowVector(label, "a bias", c, below.weight.shape[0]);
    return [chain.topOutput(indices)];
  }
  if (c) return affine(chain, label, x, [1], row(label, c));
  if (!isPlain(a) || !isPlain(b)) throw cannotImport(label, "it reads neither rows nor a constant");
  return [mergeDirections(chain, "sum", a, b) ?? chain.residual(label, a, b)];
};

/**
 * Mul. With a constant: an affine function, or the second half of the average of two directions. With another value:
 * the product of two directions, or the steps of attention times their weights.
 */
export const mul: FindLayer = (chain, { label }, [a, b]) => {
  const below = chain.layers.at(-1);
  const c = constantOf(a) ?? constantOf(b);
  const x = constantOf(a) ? b : a;
  if (!c) {
    const both = isPlain(a) && isPlain(b)
      ? mergeDirections(chain, "multiply", a, b) ?? weightSteps(chain, a, b)
      : masked(label, [a, b]);
    if (both) return [both];
    throw cannotImport(label, "a factor must be a constant, the other direction of the layer, or the weights of steps");
  }
  const isHalf = c.data.length === 1 && c.data[0] === 0.5;
  if (below?.kind !== "recurrent" || below.merge !== "sum" || !isHalf) {
    return affine(chain, label, x, row(label, c), [0]);
  }
  const { indices } = chain.rows(label, x);
  below.merge = "average";
  return [chain.topOutput(indices)];
};

/** Sub, of which one side is a constant. */
export const sub: FindLayer = (chain, { label }, [a, b]) => {
  const c = constantOf(b), from = constantOf(a);
  if (c) return affine(chain, label, a, [1], Array.from(row(label, c), (x) => -x));
  if (from) return affine(chain, label, b, [-1], row(label, from));
  throw cannotImport(label, "one side of a difference must be a constant");
};

/** Div by a constant, or by the lengths of rows: a mean. */
export const div: FindLayer = (chain, { label }, [a, b]) => {
  const c = constantOf(b);
  if (c) return affine(chain, label, a, Array.from(row(label, c), (x) => 1 / x), [0]);
  const mean = isElementSource(a) && isElementSource(b) ? averagePool(chain, a, b) : undefined;
  if (mean) return [mean];
  throw cannotImport(label, "a divisor must be a constant, or the lengths of rows whose steps were added");
};

export const neg: FindLayer = (chain, { label }, [x]) => affine(chain, label, x, [-1], [0]);

/**
 * alpha x + beta: an activation when both are one number, and otherwise a layer that scales each element of a row, as
 * the normalisation of inputs does. Scales one after the other become one.
 */
function affine(
  chain: Chain,
  label: string,
  x: SymbolicValue | undefined,
  alpha: ArrayLike<number>,
  beta: ArrayLike<number>,
): SymbolicValue[] {
  const { indices } = chain.rows(label, x), width = indices.shape.at(-1)!, below = chain.layers.at(-1);
  if (alpha.length === 1 && beta.length === 1 && below?.kind !== "scale") {
    chain.layers.push({ kind: "activation", f: { name: "affine", alpha: alpha[0], beta: beta[0] }, width });
    return [chain.topOutput(indices)];
  }
  for (const { length } of [alpha, beta]) {
    if (length !== 1 && length !== width) {
      throw cannotImport(label, `a constant must have one number, or one for each of ${width} elements, got ${length}`);
    }
  }
  const repeated = (numbers: ArrayLike<number>) =>
    Float64Array.from({ length: width }, (_, i) => numbers[numbers.length > 1 ? i : 0]);
  const factor = repeated(alpha), shift = repeated(beta);
  if (below?.kind === "scale") {
    below.bias = below.bias.map((b, i) => b * factor[i] + shift[i]);
    below.factor = below.factor.map((a, i) => a * factor[i]);
  } else {
    spend(2 * width * width);
    chain.layers.push({ kind: "scale", factor, bias: shift });
  }
  return [chain.topOutput(indices)];
}

/** The elements of a constant that is one number, or one row for all steps. */
function row(label: string, { shape, data }: OnnxTensor): ArrayLike<number> {
  if (data.length === 1 || shape.at(-1) === data.length) return data;
  throw cannotImport(label, `a constant must be one number or one row, got shape [${shape}]`);
}
