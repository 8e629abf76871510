import type { Backward } from "./derive.ts";
import type { Expression, Width } from "./expression.ts";
import { type Home, order, resultHome } from "./order.ts";
import { index, place, type Placed } from "./place.ts";
import type { Equations } from "./trace.ts";

/** A cell's works in order, with the home of each value. */
export interface Schedule {
  /**
   * What depends on no state, for all steps at once, before the first; a step forward; a step backward, in a net that
   * is trained.
   */
  readonly passes: readonly Placed[];
  /** The slots of kept values. */
  readonly kept: readonly { readonly width: Width; readonly isAhead: boolean }[];
  /** For each product the home of the factor. */
  readonly factors: readonly Home[];
}

/**
 * Puts the equations of a cell in order and gives each value a home.
 *
 * @param isStepwise Whether the input of a gate is complete only at its step.
 * @param derive Derives backward, in a net that is trained.
 */
export function schedule(equations: Equations, isStepwise = false, derive?: Backward): Schedule {
  const { nodes, outputs, states, products } = equations, names = Object.keys(states);
  const homes = new Map<Expression, Home>(), kept: { width: Width; isAhead: boolean }[] = [];
  const keep = ({ width }: Expression, isAhead = false): Home => `kept ${kept.push({ width, isAhead }) - 1}`;
  for (const e of nodes) {
    const { op, at } = e, leaf = op === "vector" || op === "mask" ? `${op} ${at}` as const : undefined;
    const home = op === "state" ? `now ${names.indexOf(at as string)}` as const : leaf ?? resultHome(equations, e);
    if (home) homes.set(e, home);
  }

  // Backward overwrites z and results; it finds a factor elsewhere.
  const factors = new Set(
    products.flatMap(({ args: [e], results: [{ op }] }) => op === "part" || e.op === "state" ? [] : e),
  );
  const copies = new Map([...factors].map((e) => [e, keep(e)]));
  const lasting = new Set<Expression>(), back = derive?.(equations, lasting);

  const lasts = (e: Expression) => lasting.has(e);
  const { ahead: early, step } = order(equations, lasts, copies, isStepwise);
  const isRead = new Set(step.flatMap(({ reads }) => reads));
  const ahead = place(early, homes, /^[zr]/, {
    lasts: (e) => lasts(e) || isRead.has(e),
    isKept: () => true,
    make: (e) => keep(e, true),
  });
  for (const { to, value } of early) if (to) kept[index(to)] = { width: value!.width, isAhead: true };
  const forward = place(step, homes, /^[zrt]/, { lasts, make: keep });
  const sources = products.map(({ args: [e] }) => copies.get(e) ?? homes.get(e)!);
  if (!back) return { passes: [ahead, forward], kept, factors: sources };
  for (const e of nodes) if (homes.get(e)?.[0] === "t") homes.delete(e);
  for (const { makes } of back) makes.forEach((e) => homes.delete(e));
  names.forEach((name, i) => {
    homes.set(outputs[0].graph.make("seed", [], name, outputs[i].width), i ? `gradient ${i}` : "outputGradient 1");
  });
  return { passes: [ahead, forward, place(back, homes, /^t/)], kept, factors: sources };
}
