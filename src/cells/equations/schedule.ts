import { backwardRoots, backwardWorks } from "./backward_works.ts";
import { derive } from "./derive.ts";
import type { Expression, Op, Width } from "./expression.ts";
import { type Home, order, type Work } from "./order.ts";
import { place, type Placed } from "./place.ts";
import type { Equations } from "./trace.ts";
import { forwardWorks, homeTable, LEAVES, normHome, valueWorks } from "./works.ts";

/** A cell's works in order, with the home of each value. */
export interface Schedule {
  /** What depends on no state: for all steps at once, before the first. */
  readonly ahead: Placed;
  /** A step forward. */
  readonly forward: Placed;
  /** A step backward. */
  readonly backward: Placed;
  /** The gradients of vectors, and what only they need: for all steps at once, after the last. */
  readonly late: Placed;
  /** The slots of kept values: their widths, and which pass fills them. */
  readonly kept: readonly { readonly width: Width; readonly by: "ahead" | "forward" | "backward" }[];
  /** For each product the home of the factor, and of the gradient of its result where that is not in z. */
  readonly products: readonly { readonly factor: Home; readonly resultGradient?: Home }[];
}

/** Operations that backward repeats if what they read is kept. Nonlinearities cost more than their memory. */
const CHEAP: readonly Op[] = ["add", "subtract", "multiply", "clamp"];
const CHEAP_ACTIVATION = /"(affine|relu|identity)"/;

/**
 * Puts the equations of a cell in order, forward and backward.
 *
 * @param isStepwise Whether the input of a gate is complete only at its step.
 */
export function schedule(equations: Equations, isStepwise = false): Schedule {
  const { nodes, outputs, states, products, inZ } = equations, names = Object.keys(states);
  const derived = derive(equations), home = homeTable(), homes = new Map<Expression, Home>();
  const kept: { width: Width; by: "ahead" | "forward" | "backward" }[] = [];
  const keep = (by: typeof kept[number]["by"]) => ({ width }: Expression): Home => {
    return home("kept", kept.push({ width, by }) - 1, width);
  };
  for (const e of nodes) {
    const block = inZ.get(e);
    if (block !== undefined) homes.set(e, home("z", block));
    if (e.op === "vector" || e.op === "mask") homes.set(e, home(e.op, e.at, e.width));
    if (e.op === "state") homes.set(e, home("now", names.indexOf(e.at as string), e.width));
    if (e.op === "part") homes.set(e, normHome(home, e));
  }
  const roots = backwardRoots(equations, derived, home, keep("backward"));
  const { lasting, repeated } = lastingValues(equations, [...roots.step, ...roots.late], roots.vectors);

  const isStatic = staticValues(nodes, isStepwise),
    isAhead = ({ kind, value, to, makes: [e = value!] }: Work) =>
      isStatic.has(e) && (kind !== "store" || to!.kind === "kept");
  const isFactor = (e: Expression) => products.some(({ argument }) => argument === e);
  const keepFactor = (e: Expression) => keep(isStatic.has(e) ? "ahead" : "forward")(e);
  const works = forwardWorks(equations, lasting, home, keepFactor, (e) => isStatic.has(e)), rank = forwardRank;
  const early = order(works.filter(isAhead), rank), step = order(works.filter((work) => !isAhead(work)), rank);
  const readLater = new Set([...lasting, ...step.flatMap(({ reads }) => reads)]);
  const ahead = place(early, homes, ["z", "norm"], (e) => readLater.has(e), {
    isKept: () => true,
    isFactor,
    make: keep("ahead"),
  });
  const isLasting = (e: Expression) => lasting.has(e);
  const forward = place(step, homes, ["z", "norm", "temporary"], isLasting, {
    isKept: isLasting,
    isFactor,
    make: keep("forward"),
  });

  const isForward = new Set(nodes);
  for (const [e, { kind }] of homes) if (kind === "temporary" || repeated.includes(e)) homes.delete(e);
  names.forEach((name, i) => {
    const { width, graph } = outputs[i];
    homes.set(graph.make("seed", [], name, width), home(i ? "gradient" : "outputGradient", i || 1, width));
  });
  const occupants = (to: Home) => [...homes].flatMap(([e, home]) => home === to ? [e] : []);
  const back = backwardWorks(equations, derived, roots, repeated), gradientHomes = new Map(homes);
  const forLate = new Set([...roots.vectors.values(), ...roots.late.flatMap(({ args }) => args)]);
  const backward = place(
    order(back, backwardRank(back, isForward), occupants),
    gradientHomes,
    ["temporary"],
    (e) => forLate.has(e),
  );

  for (const [e, { kind }] of gradientHomes) if (kind === "temporary") gradientHomes.delete(e);
  const summed = new Set(roots.vectors.values());
  const last = valueWorks(roots.late, roots.late, (e) => summed.has(e), (_, a) => roots.late.includes(a));
  for (const [at, e] of roots.vectors) last.push({ kind: "sum", at, reads: [e], makes: [] });
  const late = place(order(last, backwardRank(last, isForward)), gradientHomes, ["temporary"], () => false);
  return {
    ahead,
    forward,
    backward,
    late,
    kept,
    products: products.map(({ argument }, i) => {
      const copy = works.find(({ kind, value, to }) => kind === "store" && value === argument && to!.kind === "kept");
      return { factor: copy?.to ?? homes.get(argument)!, resultGradient: roots.resultGradients[i] };
    }),
  };
}

/** What depends on no state. The recurrent weight's products are made step by step: dropout may change their factor. */
function staticValues(nodes: readonly Expression[], isStepwise: boolean): Set<Expression> {
  const found = new Set<Expression>(), changing = ["state", "recurrent", ...isStepwise ? ["x"] : []];
  for (const e of nodes) {
    if (!changing.includes(e.op) && e.args.every((arg) => found.has(arg))) found.add(e);
  }
  return found;
}

/** The values of forward that are kept for backward, and those that backward computes again from kept values. */
function lastingValues(
  { nodes, outputs, products, inZ }: Equations,
  backward: readonly Expression[],
  vectors: ReadonlyMap<string, Expression>,
): { lasting: Set<Expression>; repeated: Expression[] } {
  const needed = new Set([...backward.flatMap(({ args }) => args), ...vectors.values()]);
  const lasting = new Set(products.map(({ argument }) => argument)), repeated: Expression[] = [];
  const isThere = (e: Expression) => lasting.has(e) || e.op !== "x" && LEAVES.includes(e.op) || outputs.includes(e);
  for (const e of nodes) {
    if (!needed.has(e) || lasting.has(e)) continue;
    const isCheap = CHEAP.includes(e.op) || e.op === "activation" && CHEAP_ACTIVATION.test(e.at as string);
    if (isCheap && !isThere(e) && !inZ.has(e) && e.args.every(isThere)) repeated.push(e);
    else lasting.add(e);
  }
  return { lasting, repeated };
}

/** Matmuls as early as possible, nonlinearities as late: neighbouring gates then follow each other. */
function forwardRank({ kind, value }: Work): number {
  if (kind !== "value") return 0;
  return value!.id + (value!.op === "activation" ? 2e9 : 1e9);
}

/** Backward in the order of derivation; what is computed again, shortly before it is read. */
function backwardRank(works: readonly Work[], isForward: ReadonlySet<Expression>): (work: Work) => number {
  const rank = (work: Work): number => {
    const { value } = work;
    if (!value || !isForward.has(value)) return value?.id ?? 0;
    const readers = works.filter(({ kind, reads }) => kind !== "store" && reads.includes(value));
    return Math.min(...readers.map(rank)) - 0.5;
  };
  return rank;
}
