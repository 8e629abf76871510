import type { Expression } from "./expression.ts";
import type { Equations, Product } from "./trace.ts";

/** A share of a gradient, which is added or subtracted. */
export interface Share {
  /** The share. */
  readonly of: Expression;
  /** Whether the share is subtracted. */
  readonly minus: boolean;
}

/** The backward equations of a cell. */
export interface Derived {
  /** The gradient of each value, where there is one; of the output state none. */
  readonly gradients: ReadonlyMap<Expression, Expression>;
  /**
   * The shares of the gradient of the output before the step, in the order of their sum. Those of products with that
   * state follow, which matmuls add.
   */
  readonly outputShares: readonly Share[];
}

/** Mark of a product that is added to the gradient of the output in one rounding, as the value was. */
export const FUSED = "fused";

/** Nonlinearities whose gradient reads their result alone. */
const FROM_OUTPUT = /"(identity|relu|tanh|sigmoid)"/;

/** Nonlinearities whose gradient reads the gradient of the result alone. */
const LINEAR = /"affine"/;

/**
 * The gradients of a step, by the chain rule: the list of expressions in reverse.
 *
 * The order of a sum: the gradient that comes from the next step; then the shares in the reverse of the order of
 * writing, so that the value that was written last gives its share first; then those of products in the order of the
 * gates.
 */
export function derive({ states, outputs, nodes, products }: Equations): Derived {
  const shares = new Map<Expression, Share[]>(), gradients = new Map<Expression, Expression>();
  const { graph } = outputs[0], names = Object.keys(states);
  const give = (to: Expression, of: Expression, minus = false) => {
    shares.set(to, [...shares.get(to) ?? [], { of, minus }]);
  };
  outputs.forEach((e, i) => give(e, graph.make("seed", [], names[i], e.width)));
  let outputShares: readonly Share[] = [];
  for (const e of nodes.toReversed()) {
    const isOutput = e.op === "state" && e.at === names[0];
    for (const product of products) {
      const d = isOutput && !product.weight ? undefined : productGradient(product, e, gradients);
      if (d) give(e, graph.make("productBackward", d, products.indexOf(product), e.width));
    }
    if (e.op === "norm") {
      // Every part is used: `trace` has checked it.
      const parts = nodes.filter(({ op, args }) => op === "part" && args[0] === e).map((part) => gradients.get(part)!);
      e.args.forEach((arg, i) => give(arg, graph.make("normBackward", parts, `${e.at} ${i}`, "H")));
      continue;
    }
    const all = shares.get(e);
    if (!all) continue;
    if (isOutput) {
      outputShares = all;
      continue;
    }
    const [a, b] = e.args, { op, at } = e, d = sum(all);
    gradients.set(e, d);
    if (op === "add") give(a, d), give(b, d);
    else if (op === "subtract") give(a, d), give(b, d, true);
    else if (op === "multiply") give(a, d.times(b)), give(b, d.times(a));
    else if (op === "multiplyAdd") {
      const [, , c] = e.args;
      give(a, d), give(b, d.times(c)), give(c, graph.make("multiply", [d, b], FUSED));
    } else if (op === "divide") {
      const da = d.divide(b);
      give(a, da), give(b, da.times(e), true);
    } else if (op === "exp") give(a, d.times(e));
    else if (op === "clamp") give(a, graph.make("clampBackward", [d, a], at));
    else if (op === "activation") {
      const reads = LINEAR.test(at as string) ? [d] : FROM_OUTPUT.test(at as string) ? [d, e] : [d, e, a];
      give(a, graph.make("activationBackward", reads, at));
    }
  }
  return { gradients, outputShares };
}

/** The gradients of a product's results, when `e` is its factor. */
function productGradient(
  { argument, results }: Product,
  e: Expression,
  gradients: ReadonlyMap<Expression, Expression>,
): Expression[] | undefined {
  return argument === e ? results.map((result) => gradients.get(result)!) : undefined;
}

/** The sum of shares, in their order. */
function sum(shares: readonly Share[]): Expression {
  const [{ of, minus }, ...rest] = shares;
  return rest.reduce((total, { of, minus }) => minus ? total.minus(of) : total.plus(of), minus ? of.times(-1) : of);
}
