import type { Expression, Width } from "./expression.ts";

/** The place of a value: a block of columns. Two values are in one place if their homes are one object. */
export interface Home {
  /**
   * z: of a step. now, next: a state before and after the step. kept: a slot of all steps. norm: the result of a layer
   * normalisation. temporary: for a moment. gradient: of a state that is not the output, before and after the step.
   * outputGradient: of the output after the step.
   */
  readonly kind:
    | "z"
    | "now"
    | "next"
    | "kept"
    | "norm"
    | "temporary"
    | "gradient"
    | "outputGradient"
    | "vector"
    | "mask";
  /** Which one: the number of the block, state or slot; the name of a parameter or mask. */
  readonly at: number | string;
  /** Elements of a row. */
  readonly width: Width;
}

/** One operation of a step: some kernel calls. */
export interface Work {
  /**
   * value: an operation element by element. store: a copy to a home. move: a copy to another home. accumulate: add to
   * the gradient of the output before the step. sum: add the column sums to the gradient of the vector `at`. product,
   * norm and their backward: of the cell's product or normalisation `at`.
   */
  readonly kind:
    | "value"
    | "store"
    | "move"
    | "accumulate"
    | "product"
    | "productBackward"
    | "norm"
    | "normBackward"
    | "sum";
  /** What is computed; for `store` and `accumulate`, what is stored or added. */
  readonly value?: Expression;
  /** The summand and the two factors, when the value is computed as summand += factor factor. */
  readonly fused?: readonly Expression[];
  /** What the work reads. */
  readonly reads: readonly Expression[];
  /** What the work computes. */
  readonly makes: readonly Expression[];
  /** The home that `store` writes. */
  readonly to?: Home;
  /** Whether `accumulate` subtracts. */
  readonly minus?: boolean;
  /** Number of the product, name of the normalisation or vector. */
  readonly at?: number | string;
  /** Works that must be done before. */
  readonly after?: readonly Work[];
}

/**
 * The order of works: each after those that it reads from, and a store after all that read what it overwrites.
 *
 * @param rank Among works that could be next, the one of lowest rank is.
 * @param occupants The values in a home before it is stored to.
 */
export function order(
  works: readonly Work[],
  rank: (work: Work) => number,
  occupants: (to: Home) => readonly Expression[] = () => [],
): Work[] {
  const pending = new Set(works), ordered: Work[] = [];
  const maker = new Map(works.flatMap((work) => work.makes.map((e) => [e, work] as const)));
  const stores = new Map(works.filter(({ kind }) => kind === "store").map((work) => [work.value!, work]));
  const isReady = ({ reads, after = [] }: Work) =>
    reads.every((e) => !pending.has(maker.get(e)!)) && !after.some((work) => pending.has(work));
  const moved = new Set<Expression>();
  const readers = ({ to }: Work, ...but: Work[]) => {
    const inside = to ? occupants(to).filter((e) => !moved.has(e)) : [];
    return [...pending].flatMap((work) => but.includes(work) ? [] : work.reads.filter((e) => inside.includes(e)));
  };
  const isFree = (store: Work, ...but: Work[]) => !readers(store, ...but).length;
  // A store at once; then a value whose store can follow at once; then values without a store.
  const urgency = (work: Work) => {
    if (work.kind === "store") return 0;
    const store = work.kind === "value" ? stores.get(work.value!) : undefined;
    return !store ? 2 : isFree(store, store, work) ? 1 : 3;
  };
  while (pending.size) {
    const ready = [...pending].filter(isReady), free = ready.filter((work) => isFree(work, work));
    const score = new Map(free.map((work) => [work, [urgency(work), rank(work)]]));
    free.sort((a, b) => score.get(a)![0] - score.get(b)![0] || score.get(a)![1] - score.get(b)![1]);
    const [next] = free;
    if (!next) {
      // Stores wait for each other: a value moves out of the way of one.
      const [value] = readers(ready[0], ready[0]);
      moved.add(value);
      ordered.push({ kind: "move", value, reads: [value], makes: [] });
      continue;
    }
    pending.delete(next);
    ordered.push(next);
  }
  return ordered;
}
