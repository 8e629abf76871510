import { activation, type Expression, type Op } from "./expression.ts";
import { fuse, FUSED, isLeaf, resultHome, store, valueWork, type Work } from "./order.ts";
import type { Equations } from "./trace.ts";

/** The backward pass of a cell. */
export interface Derived {
  /** The works in order. */
  readonly works: readonly Work[];
  /** The gradient of each value, where there is one; of the output state none. */
  readonly gradients: ReadonlyMap<Expression, Expression>;
}

/** See `backward`. */
export type Backward = (equations: Equations, lasting: Set<Expression>) => Work[];

type Give = (to: Expression, share: Expression, minus?: boolean) => void;

/** Nonlinearities whose gradient reads their result, and those whose gradient reads neither result nor argument. */
const FROM_OUTPUT = /"(identity|relu|tanh|sigmoid)"/, LINEAR = /"affine"/;

type Rule = (give: Give, d: Expression, e: Expression, a: Expression, b: Expression, c: Expression) => void;

/** What the arguments a, b, c of e get of its gradient d. */
const RULES: Readonly<Record<string, Rule>> = {
  add: (give, d, _, a, b) => (give(a, d), give(b, d)),
  subtract: (give, d, _, a, b) => (give(a, d), give(b, d, true)),
  multiply: (give, d, _, a, b) => (give(a, d.times(b)), give(b, d.times(a))),
  divide: (give, d, e, a, b) => (give(a, d.divide(b)), give(b, d.divide(b).times(e), true)),
  exp: (give, d, e, a) => give(a, d.times(e)),
  multiplyAdd: (
    give,
    d,
    { graph },
    a,
    b,
    c,
  ) => (give(a, d), give(b, d.times(c)), give(c, graph.make("multiply", [d, b], FUSED))),
  clamp: (give, d, { at, graph }, a) => give(a, graph.make("clampBackward", [d, a], at)),
  activation(give, d, e, a) {
    const { at, graph } = e, f = at as string;
    give(a, graph.make("activationBackward", LINEAR.test(f) ? [d] : FROM_OUTPUT.test(f) ? [d, e] : [d, e, a], at));
  },
};

/**
 * The gradients of a step, by the chain rule: the expressions in reverse. This order is also that of the works: when an
 * expression's turn comes, nothing reads its value any more, and its gradient may take the place.
 *
 * The order of a sum: the gradient that comes from the next step; then the shares in the reverse of the order of
 * writing, so that the value that was written last gives its share first; then those of products in the order of the
 * gates.
 */
export function derive(equations: Equations): Derived {
  const { states, outputs, nodes, products, inZ } = equations, { graph } = outputs[0], names = Object.keys(states);
  const gradients = new Map<Expression, Expression>(), works: Work[] = [], known = new Set(nodes);
  const isOutput = ({ op, at }: Expression) => op === "state" && at === names[0];
  const seeds = outputs.map(({ width }, i) => graph.make("seed", [], names[i], width));
  seeds.forEach((seed) => known.add(seed));
  const emit = (e: Expression) => {
    if (known.has(e)) return;
    known.add(e);
    e.args.forEach(emit);
    works.push(valueWork(e));
  };
  const give: Give = (to, share, minus) => {
    const old = gradients.get(to), sum = isOutput(to) ? share : minus ? old?.minus(share) : old?.plus(share);
    const total = sum ?? (minus ? scaled(share, -1) : share);
    emit(total);
    if (isOutput(to)) works.push({ kind: "accumulate", value: share, minus, reads: [share], makes: [] });
    else gradients.set(to, total);
  };
  outputs.forEach((e, i) => give(e, seeds[i]));
  const own = products.map(({ weight, args: [e] }) => !weight && isOutput(e));
  const added = products.flatMap(({ adds, results }) => adds ? results.map((e) => inZ.get(e)) : []);
  for (const e of nodes.toReversed()) {
    products.forEach(({ args, results }, at) => {
      if (own[at] || !args.includes(e)) return;
      const ds = results.map((result) => gradients.get(result)!);
      const makes = args.map(({ width }, i) => graph.make("productBackward", ds, `${at} ${i}`, width));
      if (!known.has(makes[0])) works.push({ kind: "productBackward", at, reads: [], makes });
      makes.forEach((share, i) => {
        known.add(share);
        if (args[i] === e) give(e, share);
      });
    });
    const d = gradients.get(e), { op, at } = e;
    if (!d) continue;
    if (op === "vector") works.push({ kind: "sum", at, reads: [d], makes: [] });
    else if (op === "x" ? !added.includes(inZ.get(e)) : !isLeaf(e) && !RULES[op]) {
      works.push(store(d, resultHome(equations, e)!));
    }
    RULES[op]?.(give, d, e, e.args[0], e.args[1], e.args[2]);
  }
  const last = names.slice(1).map((name, i): Work => {
    const seed = seeds[i + 1], d = gradients.get(graph.make("state", [], name, seed.width)) ?? scaled(seed, 0);
    // A gradient that only changes its place waits elsewhere for the place.
    const moved = seeds.includes(d) ? activation(d, "identity") : d;
    emit(moved);
    return store(moved, `gradient ${i + 1}`);
  });
  works.push(...last);
  own.forEach((isOwn, at) => isOwn && works.push({ kind: "productBackward", at, reads: [], makes: [] }));
  return { works: fuse(needed(works), () => false, (_, a) => !seeds.includes(a)), gradients };
}

/** alpha e */
const scaled = (e: Expression, alpha: number) => activation(e, { name: "affine", alpha, beta: 0 });

/** The works without those whose results nobody reads. */
function needed(works: readonly Work[]): Work[] {
  const read = new Set<Expression>();
  return works.toReversed().filter(({ reads, makes }) => {
    const isNeeded = !makes.length || makes.some((e) => read.has(e));
    if (isNeeded) reads.forEach((e) => read.add(e));
    return isNeeded;
  }).reverse();
}

/** Operations that backward repeats if what they read is kept. Nonlinearities cost more than their memory. */
const CHEAP: readonly Op[] = ["add", "subtract", "multiply", "clamp"], CHEAP_ACTIVATION = /"(affine|relu|identity)"/;

/**
 * The works of backward, with what they compute again: what is one cheap operation on values that are there.
 *
 * @param lasting Gets the values of forward that must last.
 */
export const backward: Backward = (equations, lasting) => {
  const { nodes, outputs, inZ } = equations, { works } = derive(equations);
  const read = new Set(works.flatMap(({ reads }) => reads)), repeated = new Set<Expression>();
  const isThere = (e: Expression) => lasting.has(e) || e.op !== "x" && isLeaf(e) || outputs.includes(e);
  for (const e of nodes) {
    if (!read.has(e) || lasting.has(e)) continue;
    const isCheap = CHEAP.includes(e.op) || e.op === "activation" && CHEAP_ACTIVATION.test(e.at as string);
    if (isCheap && !isThere(e) && !inZ.has(e) && e.args.every(isThere)) repeated.add(e);
    else lasting.add(e);
  }
  return works.flatMap((work) => {
    const again = work.reads.filter((e) => repeated.delete(e));
    return [...again.map(valueWork), work];
  });
};
