import type { Expression, Op } from "./expression.ts";
import type { Equations } from "./trace.ts";

/**
 * The place of a value, by a name. z: a block of columns of z. now, next: a state before and after the step. kept: a
 * slot of all steps. result: a result of a product that is not in z. temporary: for a moment. gradient: of a state that
 * is not the output, before and after the step. outputGradient: of the output, 0 before and 1 after the step. vector,
 * mask: by name.
 */
export type Home = `${
  | "z"
  | "now"
  | "next"
  | "kept"
  | "result"
  | "temporary"
  | "gradient"
  | "outputGradient"
  | "vector"
  | "mask"} ${string | number}`;

/** One operation of a step: some kernel calls. */
export interface Work {
  /**
   * value: an operation element by element. store: a copy to the home `to`. accumulate: add to the gradient of the
   * output before the step. sum: add the column sums to the gradient of the vector `at`. product, productBackward: of
   * the cell's product or normalisation number `at`.
   */
  readonly kind: "value" | "store" | "accumulate" | "product" | "productBackward" | "sum";
  /** What is computed, stored or added. */
  readonly value?: Expression;
  /** What the work reads; of a fused value the summand and the two factors. */
  readonly reads: readonly Expression[];
  /** What the work computes. */
  readonly makes: readonly Expression[];
  /** Whether the value is a sum that is computed as summand += factor factor. */
  readonly isFused?: boolean;
  /** The home that the work writes. */
  readonly to?: Home;
  /** Whether `accumulate` subtracts. */
  readonly minus?: boolean;
  /** Number of the product, name of the vector. */
  readonly at?: number | string;
}

/** What a step reads and does not compute. */
const LEAVES: readonly Op[] = ["x", "state", "vector", "mask"];

/** Whether a step reads this value and does not compute it. */
export const isLeaf = ({ op }: Expression): boolean => LEAVES.includes(op);

/** The work of a value. */
export const valueWork = (e: Expression): Work => ({ kind: "value", value: e, reads: e.args, makes: [e] });

/** A copy to a home. */
export const store = (value: Expression, to: Home): Work => ({ kind: "store", value, reads: [value], makes: [], to });

/** The home of a product's result, and of its gradient; none of another value. */
export function resultHome({ products, inZ }: Equations, e: Expression): Home | undefined {
  const block = inZ.get(e);
  if (block !== undefined) return `z ${block}`;
  const at = products.findIndex(({ results }) => results.includes(e));
  return at < 0 ? undefined : `result ${at} ${products[at].results.indexOf(e)}`;
}

/**
 * The works of a step forward, in the order of writing: what depends on no state, for all steps at once, and the rest.
 *
 * @param isLasting Whether backward reads a value.
 * @param copies The homes of copies of factors.
 * @param isStepwise Whether the input of a gate is complete only at its step.
 */
export function order(
  equations: Equations,
  isLasting: (e: Expression) => boolean,
  copies: ReadonlyMap<Expression, Home>,
  isStepwise: boolean,
): { ahead: Work[]; step: Work[] } {
  const { nodes, products, inZ, outputs } = equations, fixed = new Set<Expression>(), stored = new Set(outputs);
  const changing = ["state", "recurrent", ...isStepwise ? ["x"] : []], made = new Set<Expression>(), works: Work[] = [];
  for (const e of nodes) {
    if (!changing.includes(e.op) && e.args.every((arg) => fixed.has(arg))) fixed.add(e);
    const at = products.findIndex(({ results }) => results.includes(e)), product = products[at];
    if (product && !made.has(e)) {
      const { args, results, adds } = product;
      const sums = adds ? nodes.filter(({ op, args }) => op === "add" && args.some((e) => results.includes(e))) : [];
      const makes = [...results, ...sums];
      makes.forEach((e) => made.add(e));
      works.push({ kind: "product", at, reads: args, makes });
    } else if (!made.has(e) && !isLeaf(e) && e.op !== "norm") works.push(valueWork(e));
    const copy = copies.get(e);
    if (copy) works.push(store(e, copy));
  }
  const isFixed = ({ value, makes: [e = value!] }: Work) => fixed.has(e);
  const all = fuse(works, (e) => isLasting(e) || stored.has(e), (sum, a) =>
    fixed.has(sum.args[1]) === fixed.has(sum) &&
    (inZ.has(a)
      ? !stored.has(sum) && !copies.has(sum)
      : !made.has(a) && !isLeaf(a) && (stored.has(sum) || !isLasting(sum))));
  return {
    ahead: all.filter(isFixed),
    step: [...all.filter((work) => !isFixed(work)), ...outputs.map((e, i) => store(e, `next ${i}`))],
  };
}

/**
 * Works in which a sum a + b c is one multiply-add onto a, where nothing else reads a and b c.
 *
 * @param isRead Whether something besides the works reads a value.
 * @param mayFuse Whether a may be overwritten by a + b c.
 */
export function fuse(
  works: readonly Work[],
  isRead: (e: Expression) => boolean,
  mayFuse: (sum: Expression, a: Expression) => boolean,
): Work[] {
  const reads = works.flatMap(({ reads }) => reads), gone = new Set<Expression>();
  const own = new Set(works.flatMap(({ kind, value }) => kind === "value" ? value! : []));
  const isOnce = (e: Expression) => !isRead(e) && reads.filter((other) => other === e).length === 1;
  return works.toReversed().map((work): Work => {
    const { kind, value, minus } = work, [a, b] = value?.args ?? [], isSum = kind === "value" && value!.op === "add";
    const product = isSum ? b : kind === "accumulate" && !minus ? value! : undefined;
    if (product?.op !== "multiply" || gone.has(value!)) return work;
    const absorbs = own.has(product) && isOnce(product);
    if (isSum ? !absorbs || !isOnce(a) || !mayFuse(value!, a) : !absorbs && product.at !== FUSED) return work;
    if (absorbs) gone.add(product);
    return { ...work, reads: isSum ? [a, ...b.args] : product.args, isFused: isSum };
  }).filter(({ kind, value }) => kind !== "value" || !gone.has(value!)).reverse();
}

/** Mark of a product that is added to the gradient of the output in one rounding, as the value was. */
export const FUSED = "fused";
