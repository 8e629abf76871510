import { type Derived, FUSED } from "./derive.ts";
import { type Expression, inOrder } from "./expression.ts";
import type { Home, Work } from "./order.ts";
import type { Equations } from "./trace.ts";
import { type HomeOf, isElementwise, LEAVES, normHome, store, valueWorks } from "./works.ts";

/** What backward has to leave. */
export interface BackwardRoots {
  /** Values with the home where each must lie after the step. */
  readonly stores: readonly (readonly [Expression, Home])[];
  /** For each product the home of the gradient of its result; none where that is in z. */
  readonly resultGradients: readonly (Home | undefined)[];
  /** The gradients of vectors, whose column sums are wanted. */
  readonly vectors: ReadonlyMap<string, Expression>;
  /** The expressions of backward that every step computes, and those that only the gradients of vectors need. */
  readonly step: readonly Expression[];
  readonly late: readonly Expression[];
}

/** Finds what backward has to compute. */
export function backwardRoots(
  { nodes, states, products, inZ, outputs }: Equations,
  { gradients, outputShares }: Derived,
  home: HomeOf,
  kept: (e: Expression) => Home,
): BackwardRoots {
  const stores: [Expression, Home][] = [], vectors = new Map<string, Expression>(), { graph } = outputs[0];
  const added = new Set(products.flatMap(({ adds, results }) => adds ? results.map((e) => inZ.get(e)) : []));
  for (const e of nodes) {
    const d = gradients.get(e);
    if (!d) continue;
    const block = inZ.get(e)!;
    if (e.op === "recurrent" || e.op === "x" && !added.has(block)) stores.push([d, home("z", block)]);
    if (e.op === "part") stores.push([d, normHome(home, e)]);
    if (e.op === "vector") vectors.set(e.at as string, d);
  }
  Object.keys(states).forEach((name, i) => {
    if (i === 0) return;
    const { width } = outputs[i], d = gradients.get(graph.make("state", [], name, width));
    // A state that is not read passes no gradient on.
    stores.push([d ?? graph.make("seed", [], name, width).times(0), home("gradient", i, width)]);
  });
  const resultGradients = products.map(({ weight, results: [e] }) => {
    if (!weight) return undefined;
    const d = gradients.get(e)!, to = kept(d);
    stores.push([d, to]);
    return to;
  });
  const forward = new Set(nodes), roots = [...stores.map(([e]) => e), ...outputShares.map(({ of }) => of)];
  // The gates are overwritten by their gradients: after the last step only states, masks and vectors are there.
  const isThere = (e: Expression) => !forward.has(e) || !inZ.has(e) && (LEAVES.includes(e.op) || outputs.includes(e));
  const isLate = (e: Expression) => isElementwise(e) && e.args.every(isThere);
  const all = inOrder([...roots, ...vectors.values()]).filter((e) => !forward.has(e));
  const step = inOrder([...roots, ...all.filter((e) => !isLate(e))]).filter((e) => !forward.has(e));
  const own = new Set(step), late = all.filter((e) => !own.has(e));
  // What is read after the last step lies in a slot of all steps.
  for (const e of all) {
    const isRead = own.has(e) && ([...vectors.values()].includes(e) || late.some(({ args }) => args.includes(e)));
    const isStored = stores.some(([value, { kind }]) => value === e && kind !== "gradient");
    if (isRead && !isStored) stores.push([e, kept(e)]);
  }
  return { stores, resultGradients, vectors, step, late };
}

/**
 * The works of a step backward.
 *
 * @param repeated Values of forward that are computed again.
 */
export function backwardWorks(
  { nodes, products, states }: Equations,
  { outputShares, gradients }: Derived,
  { stores, resultGradients, step }: BackwardRoots,
  repeated: readonly Expression[],
): Work[] {
  const storeWorks = stores.map(([e, to]) => store(e, to)), own = new Set(step), readers = [...repeated, ...step];
  const shared = outputShares.map(({ of }) => of), stored = new Set(stores.map(([e]) => e));
  const accumulates: Work[] = [], absorbed = new Set<Expression>();
  for (const { of, minus } of outputShares) {
    const isOnce = !stored.has(of) && shared.indexOf(of) === shared.lastIndexOf(of) &&
      !readers.some(({ args }) => args.includes(of));
    const isFused = of.op === "multiply" && own.has(of) && !minus && (isOnce || of.at === FUSED);
    if (isFused && isOnce) absorbed.add(of);
    const reads = isFused ? of.args : [of];
    accumulates.push({ kind: "accumulate", value: of, minus, reads, makes: [], after: accumulates.slice(-1) });
  }
  const values = readers.filter((e) => isElementwise(e) && !absorbed.has(e));
  const isRead = (e: Expression) => stored.has(e) || shared.includes(e);
  const works = [
    ...storeWorks,
    ...accumulates,
    ...valueWorks(values, readers, isRead, (_, a) => own.has(a) && a.op !== "seed"),
  ];
  const [output] = Object.keys(states), sums: Work[] = [];
  products.forEach(({ argument, weight, results, block }, at) => {
    const isOutput = argument.op === "state" && argument.at === output && !weight;
    const after = storeWorks.filter(({ to }) => {
      if (weight) return to === resultGradients[at];
      return to!.kind === "z" && to!.at as number >= block && to!.at as number < block + results.length;
    });
    const makes = step.filter((e) => e.op === "productBackward" && e.at === at);
    if (isOutput) after.push(...accumulates, ...sums);
    const work: Work = { kind: "productBackward", at, reads: [], makes, after };
    if (isOutput) sums.push(work);
    if (isOutput || makes.length) works.push(work);
  });
  for (const norm of nodes) {
    if (norm.op !== "norm") continue;
    const isOwn = (at: unknown) => `${at}`.startsWith(`${norm.at} `);
    // All of them, also where nobody wants one: the kernel computes them side by side.
    const parts = nodes.filter(({ op, args }) => op === "part" && args[0] === norm).map((part) => gradients.get(part)!);
    const makes = norm.args.map((_, i) => norm.graph.make("normBackward", parts, `${norm.at} ${i}`, "H"));
    const after = storeWorks.filter(({ to }) => to!.kind === "norm" && isOwn(to!.at));
    works.push({ kind: "normBackward", at: norm.at, reads: [], makes, after });
  }
  return works;
}
