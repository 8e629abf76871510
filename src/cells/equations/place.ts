import type { Expression, Width } from "./expression.ts";
import type { Home, Work } from "./order.ts";

/** A work with its homes. */
export type PlacedWork = Work & { readonly from: readonly Home[] };

/** Works with the homes of their values. */
export interface Placed {
  /** The works, without the stores that are not needed: of values that are computed where they are stored. */
  readonly works: readonly PlacedWork[];
  /** The widths of the temporary homes. */
  readonly temporaries: readonly Width[];
}

/** What happens to values that last longer than the works. */
export interface Keeping {
  /** Whether nothing may overwrite a value. */
  readonly lasts?: (e: Expression) => boolean;
  /** Whether a value may not have a temporary home. Default: `lasts`. */
  readonly isKept?: (e: Expression) => boolean;
  /** A new home that lasts. */
  readonly make?: (e: Expression) => Home;
}

/**
 * Gives every value of ordered works a home: that where it is stored, if nothing reads what is there any more; else the
 * home of something that it is the last to read, so that forward turns z into the gates in place; else a new one, or a
 * temporary one that is free.
 *
 * @param homes The homes so far. Those of the works' values are added.
 * @param reused Kinds of homes that a value may overwrite besides the place where it is stored.
 */
export function place(
  works: readonly Work[],
  homes: Map<Expression, Home>,
  reused: RegExp,
  { lasts = () => false, isKept = lasts, make }: Keeping = {},
): Placed {
  const last = new Map(works.flatMap(({ reads }, i) => reads.map((e) => [e, i] as const)));
  const targets = new Map<Expression, Home>(), placed: PlacedWork[] = [], temporaries: Width[] = [], free: Home[] = [];
  for (const { kind, value, to, reads: [a], isFused } of works.toReversed()) {
    const target = to ?? targets.get(value!);
    if (target && (kind === "store" || isFused)) targets.set(a, target);
  }
  const isFree = (home: Home, i: number) =>
    ![...homes].some(([e, other]) => other === home && (last.get(e)! > i || lasts(e)));
  const temporary = ({ width }: Expression, isNew: boolean): Home => {
    const known = isNew ? -1 : free.findIndex((home) => temporaries[index(home)] === width);
    return known < 0 ? `temporary ${temporaries.push(width) - 1}` : free.splice(known, 1)[0];
  };
  works.forEach((work, i) => {
    const { kind, reads, makes, isFused, to } = work, from = reads.map((e) => homes.get(e)!);
    if (from[0] === to && to) return; // computed in place
    const dying = from.filter((home) => reused.test(home) && isFree(home, i));
    for (const e of makes) {
      if (homes.has(e)) continue;
      // a + b c begins with a copy of a, if not in its place.
      const [first, ...others] = from, isSum = e.op === "multiplyAdd", target = targets.get(e);
      const fits = (home?: Home) => home && !(isSum && others.includes(home));
      const own = kind === "value" &&
        dying.find((home) =>
          reads[from.indexOf(home)].width === e.width && fits(home) && !(isSum && home !== first) &&
          !(isKept(e) && isTemporary(home))
        );
      const best = isFused ? first : kind === "value" && fits(target) && isFree(target!, i) ? target : own;
      homes.set(e, best || (isKept(e) ? make!(e) : temporary(e, makes.length > 1)));
    }
    placed.push({ ...work, from, to: to ?? homes.get(makes[0]) });
    const left = new Set([...dying, ...makes.map((e) => homes.get(e)!)]);
    for (const home of left) if (isTemporary(home) && isFree(home, i)) free.push(home);
  });
  return { works: placed, temporaries };
}

const isTemporary = (home: Home) => home[0] === "t";

/** The number of a home of its kind. */
export const index = (home: Home): number => Number(home.split(" ")[1]);
