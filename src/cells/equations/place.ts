import type { Expression } from "./expression.ts";
import type { Home, Work } from "./order.ts";

/** What `place` decides. */
export interface Placed {
  /** The works, without the stores that are not needed: values that are computed where they are stored. */
  readonly works: readonly Work[];
  /** Where each work writes its value. */
  readonly results: ReadonlyMap<Work, Home>;
  /** Where each work finds what it reads. */
  readonly sources: ReadonlyMap<Work, readonly Home[]>;
  /** The temporary homes. */
  readonly temporaries: readonly Home[];
}

/** What happens to values that last. */
export interface Keeping {
  /** Whether a value needs a home that lasts. */
  isKept(e: Expression): boolean;
  /** Whether the home must outlast backward too, which overwrites z. */
  isFactor(e: Expression): boolean;
  /** A new home that lasts. */
  make(e: Expression): Home;
}

/** Kinds of homes that hold the values of all steps. */
const ALL_STEPS: readonly Home["kind"][] = ["z", "now", "next", "kept", "norm", "vector", "mask"];

/**
 * Gives every value of ordered works a home.
 *
 * A value is computed where it is stored, if the store follows at once. Else it takes the home of something that it is
 * the last to read, so that forward turns z into the gates in place; or a temporary home that is free.
 *
 * @param homes The homes so far. Those of the works' values are added.
 * @param reused Kinds of homes that a value may overwrite once nothing reads the value in them.
 * @param lasting Whether a value lasts longer than the works; nothing overwrites it.
 * @param kept A home for a value that lasts, if it cannot have another one.
 */
export function place(
  works: readonly Work[],
  homes: Map<Expression, Home>,
  reused: readonly Home["kind"][],
  lasting: (e: Expression) => boolean,
  kept?: Keeping,
): Placed {
  const last = new Map(works.flatMap((work, i) => work.reads.map((e) => [e, i] as const)));
  const placed: Work[] = [], results = new Map<Work, Home>(), sources = new Map<Work, Home[]>();
  const temporaries: Home[] = [], free: Home[] = [], hints = hinted(works, last, lasting);
  const fresh = (e: Expression): Home => {
    const home: Home = { kind: "temporary", at: temporaries.length, width: e.width };
    temporaries.push(home);
    return home;
  };
  const pooled = (e: Expression): Home => {
    const i = free.findIndex(({ width }) => width === e.width);
    return i < 0 ? fresh(e) : free.splice(i, 1)[0];
  };
  works.forEach((work, i) => {
    const { kind, value, reads, makes, fused, to } = work;
    sources.set(work, reads.map((e) => homes.get(e)!));
    if (kind === "store") {
      const home = homes.get(value!)!;
      if (home === to) return; // computed in place
      if (lasting(value!) && (to!.kind === "next" || !ALL_STEPS.includes(home.kind))) homes.set(value!, to!);
      results.set(work, to!);
    }
    placed.push(work);
    const dying = [...new Set(reads)].filter((e) => last.get(e) === i && !lasting(e)).map((e) => homes.get(e)!)
      .filter((home) => reused.includes(home.kind) && !isShared(home, i));
    if (kind === "move") homes.set(value!, pooled(value!));
    for (const e of makes) {
      if (homes.has(e)) continue;
      const isKept = kept?.isKept(e), isFactor = kept?.isFactor(e);
      // a + b c begins with a copy of a, if not in its place.
      const [first, ...others] = sources.get(work)!, isSum = e.op === "multiplyAdd";
      const own = kind === "value" && !isFactor &&
        dying.find((home) =>
          home.width === e.width && !(isKept && home.kind === "temporary") &&
          !(isSum && (home !== first || others.includes(first)))
        );
      const given = fused ? homes.get(fused[0]) : hints.get(e) ?? own;
      homes.set(e, given || (isKept ? kept!.make(e) : makes[1] ? fresh(e) : pooled(e)));
    }
    const written = makes[0] ?? (kind === "move" ? value : undefined);
    if (written) results.set(work, homes.get(written)!);
    for (const home of dying) if (home !== results.get(work) && home.kind === "temporary") free.push(home);
    for (const e of makes) {
      const home = homes.get(e)!; // free at once when nobody reads it
      if (!last.has(e) && home.kind === "temporary" && !lasting(e)) free.push(home);
    }
  });
  return { works: placed, results, sources, temporaries };

  /** Whether another value in this home is read later. */
  function isShared(home: Home, i: number): boolean {
    return [...homes].some(([e, other]) => other === home && (last.get(e) ?? -1) > i);
  }
}

/** For values that are stored at once the home where; and for what they are made of alone the same, if it can wait. */
function hinted(
  works: readonly Work[],
  last: ReadonlyMap<Expression, number>,
  lasting: (e: Expression) => boolean,
): Map<Expression, Home> {
  const hints = new Map<Expression, Home>();
  const position = new Map(works.flatMap(({ kind, makes }, i) => {
    // The gradient of a factor has no history: a matmul overwrites it at each step.
    return makes.length === 1 && kind !== "productBackward" ? [[makes[0], i] as const] : [];
  }));
  works.forEach(({ kind, value, to }, i) => {
    if (kind !== "store" || hints.has(value!) || position.get(value!) !== i - 1) return;
    hints.set(value!, to!);
    if (to!.kind !== "next") return;
    // Nobody reads a state after the step before it is complete.
    for (let at: number | undefined = i - 1, e: Expression | undefined = value; at !== undefined;) {
      const work: Work = works[at],
        sources = work.fused || e!.op === "multiplyAdd" ? work.reads.slice(0, 1) : work.reads;
      e = sources.find((arg) =>
        position.has(arg) && last.get(arg) === at && !lasting(arg) && arg.width === to!.width && !hints.has(arg)
      );
      at = e && position.get(e);
      if (e) hints.set(e, to!);
    }
  });
  return hints;
}
