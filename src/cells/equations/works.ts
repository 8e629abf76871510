import type { Expression, Op, Width } from "./expression.ts";
import type { Home, Work } from "./order.ts";
import type { Equations } from "./trace.ts";

/** What a step reads and does not compute. */
export const LEAVES: readonly Op[] = ["x", "state", "vector", "mask", "seed"];

/** What works of their own make. */
const MADE_TOGETHER: readonly Op[] = ["recurrent", "weight", "norm", "part", "productBackward", "normBackward"];

/** Whether a value is one operation element by element. */
export const isElementwise = ({ op }: Expression) => !LEAVES.includes(op) && !MADE_TOGETHER.includes(op);

/** Finds a home, always the same object. */
export type HomeOf = (kind: Home["kind"], at: number | string, width?: Width) => Home;

/** The home of one of a normalisation's values. */
export const normHome = (home: HomeOf, part: Expression) => home("norm", `${part.args[0].at} ${part.at}`);

/** All homes, one object each. */
export function homeTable(): HomeOf {
  const homes = new Map<string, Home>();
  return (kind, at, width = "H") => {
    const key = `${kind} ${at}`, known = homes.get(key) ?? { kind, at, width };
    homes.set(key, known);
    return known;
  };
}

/** A copy to a home. */
export const store = (value: Expression, to: Home): Work => ({ kind: "store", value, reads: [value], makes: [], to });

/**
 * The works of values. A sum a + b c is one multiply-add onto a, if nothing else reads a and b c.
 *
 * @param readers All that may read the values.
 * @param isRead Whether something else reads a value.
 * @param mayFuse Whether a may be overwritten by a + b c.
 */
export function valueWorks(
  values: readonly Expression[],
  readers: readonly Expression[],
  isRead: (e: Expression) => boolean,
  mayFuse: (sum: Expression, a: Expression) => boolean,
): Work[] {
  const isOnce = (e: Expression) =>
    !isRead(e) && readers.reduce((n, { args }) => n + args.filter((arg) => arg === e).length, 0) === 1;
  const skipped = new Set<Expression>(), works: Work[] = [];
  for (const e of values.toReversed()) {
    if (skipped.has(e)) continue;
    const [a, m] = e.args;
    const fuses = e.op === "add" && m.op === "multiply" && values.includes(m) && isOnce(m) && isOnce(a) &&
      mayFuse(e, a);
    if (fuses) skipped.add(m);
    const fused = fuses ? [a, ...m.args] : undefined;
    works.unshift({ kind: "value", value: e, fused, reads: fused ?? e.args, makes: [e] });
  }
  return works;
}

/** The works of a step forward. */
export function forwardWorks(
  { nodes, products, inZ, outputs }: Equations,
  lasting: ReadonlySet<Expression>,
  home: HomeOf,
  keep: (e: Expression) => Home,
  isStatic: (e: Expression) => boolean,
): Work[] {
  const copies = new Map<Expression, Work>();
  for (const { argument } of products) {
    // A factor has rows for each step, and lasts: backward overwrites z and normalised values.
    const isElsewhere = inZ.has(argument) || ["part", "vector", "mask"].includes(argument.op) ||
      outputs.includes(argument);
    if (isElsewhere && !copies.has(argument)) copies.set(argument, store(argument, keep(argument)));
  }
  const works: Work[] = products.map(({ argument, results, adds }, at) => {
    const sums = adds ? nodes.filter((e) => e.op === "add" && e.args.some((arg) => results.includes(arg))) : [];
    const xs = sums.flatMap(({ args }) => args.filter(({ op }) => op === "x"));
    const copy = copies.get(argument);
    return { kind: "product", at, reads: [argument, ...xs], makes: [...results, ...sums], after: copy ? [copy] : [] };
  });
  for (const e of nodes) {
    if (e.op !== "norm") continue;
    const parts = nodes.filter(({ op, args }) => op === "part" && args[0] === e);
    works.push({ kind: "norm", at: e.at, reads: e.args, makes: parts });
  }
  const values = nodes.filter((e) => isElementwise(e) && !inZ.has(e)), stored = new Set(outputs);
  const factors = new Set(products.map(({ argument }) => argument));
  const mayFuse = (sum: Expression, a: Expression) => {
    if (isStatic(sum.args[1]) !== isStatic(sum)) return false; // b c is made ahead
    if (inZ.has(a)) return !stored.has(sum) && !factors.has(sum);
    return isElementwise(a) && (stored.has(sum) || !lasting.has(sum));
  };
  works.push(...valueWorks(values, nodes, (e) => lasting.has(e) || stored.has(e), mayFuse));
  works.push(...copies.values());
  return works.concat(outputs.map((e, i) => store(e, home("next", i, e.width))));
}
