import { type Expression, FUNCTIONS, Graph, inOrder, type StepFunctions, type Width } from "./expression.ts";

/** The parts of a cell by name, as plain data. */
export interface Parts {
  /** Name of the cell. */
  readonly name: string;
  /** Names of the gates, in the order of the row blocks of the input weight and the recurrent weight. */
  readonly gates: readonly string[];
  /** Widths of the states, the output first. */
  readonly states: Readonly<Record<string, Width>>;
  /** PyTorch's two biases, one bias named `bias`, or none. */
  readonly bias: boolean | "one";
  /** Names of the input weight and the recurrent weight. */
  readonly weightNames: readonly [input: string, recurrent: string];
  /** Parameters `[width]`, or `[rows, width]`. */
  readonly vectors: Readonly<Record<string, { readonly rows?: number; readonly width?: Width }>>;
  /** Weights `[rows, columns]` other than the recurrent one. */
  readonly weights: Readonly<Record<string, { readonly rows?: Width; readonly columns?: Width }>>;
  /** Layer normalisations of so many values side by side. */
  readonly norms: Readonly<Record<string, { readonly values: number; readonly epsilon?: number }>>;
  /** Rates of dropout masks. */
  readonly masks: Readonly<Record<string, number>>;
}

/** A product of a weight with a value, one matmul a step; or a layer normalisation. */
export interface Product {
  /** Name of the further weight or of the normalisation; undefined: the recurrent weight. */
  readonly weight?: string;
  /** The factor; or the values that are normalised. */
  readonly args: readonly Expression[];
  /** The results side by side. */
  readonly results: Expression[];
  /** First block of rows of the recurrent weight. */
  readonly row: number;
  /** First block of columns of z. */
  readonly block: number;
  /** Whether the results are added to x at once, in z. */
  readonly adds: boolean;
}

/** A cell as expressions. */
export interface Equations extends Parts {
  /** The states after the step. */
  readonly outputs: readonly Expression[];
  /** All expressions of the outputs, in the order of writing. */
  readonly nodes: readonly Expression[];
  /** The gates that have rows in the recurrent weight. */
  readonly recurrentGates: readonly string[];
  /** The products, in the order of their blocks. */
  readonly products: readonly Product[];
  /** Blocks of H columns that z has. */
  readonly blocks: number;
  /** The block of z where a value is made: gates' inputs, products, and sums of both. */
  readonly inZ: ReadonlyMap<Expression, number>;
  /** What plans normalisations and masks: the `Extension` of planned_equations.ts. */
  readonly extension?: unknown;
}

/** What `step` gets before the types of its names are known. */
export type AnyStep = (inputs: Record<string, unknown>, functions: StepFunctions) => Record<string, Expression>;

/** What the step of `defineCell` has besides that of the library's own cells. */
export interface Additions {
  /** The graph of the expressions. */
  readonly graph?: Graph;
  /** The functions. */
  readonly functions?: StepFunctions;
  /** What the step reads besides gates, weights, states and vectors. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** What plans normalisations and masks: the `Extension` of planned_equations.ts. */
  readonly extension?: unknown;
}

/** Runs a step once, on symbols. */
export function trace(parts: Parts, step: AnyStep, additions: Additions = {}): Equations {
  const { gates, states, vectors, weights } = parts, { graph = new Graph(), functions, more, extension } = additions;
  const named = (names: readonly string[], make: (name: string) => unknown) =>
    Object.fromEntries(names.map((name) => [name, make(name)]));
  const keys = Object.keys, vector = (at: string, width: Width = "H") => graph.make("vector", [], at, width);
  const next = step({
    x: named(gates, (gate) => graph.make("x", [], gate, "H")),
    W: named(gates, (gate) => (value: Expression) => graph.make("recurrent", [value], gate, "H")),
    ...named(keys(states), (name) => graph.make("state", [], name, states[name])),
    ...named(keys(vectors), (name) => {
      const { rows, width } = vectors[name];
      return rows ? Array.from({ length: rows }, (_, i) => vector(`${name} ${i}`, width)) : vector(name, width);
    }),
    ...named(
      keys(weights),
      (name) => (value: Expression) => graph.make("weight", [value], name, weights[name].rows ?? "H"),
    ),
    ...more,
  }, functions ?? FUNCTIONS as StepFunctions);
  const outputs = keys(states).map((name) => next[name]), nodes = inOrder(outputs);
  return { ...parts, outputs, nodes, ...products(gates, nodes), extension };
}

/**
 * The products of a step. A product whose result is only added to the input of its own gate is added in place; any
 * other result of the recurrent weight has a block of z behind the gates. Neighbours with one factor are one matmul.
 */
function products(
  gates: readonly string[],
  nodes: readonly Expression[],
): Pick<Equations, "recurrentGates" | "products" | "blocks" | "inZ"> {
  const inZ = new Map<Expression, number>(), made: Product[] = [];
  const users = (e?: Expression) => nodes.filter(({ args }) => args.includes(e!));
  const all = (op: string, gate: string) => nodes.filter((e) => e.op === op && e.at === gate);
  const recurrentGates = gates.filter((gate) => all("recurrent", gate).length);
  let blocks = gates.length;
  gates.forEach((gate, i) => {
    const [x] = all("x", gate), own = all("recurrent", gate), row = recurrentGates.indexOf(gate);
    if (x) inZ.set(x, i);
    for (const e of own) {
      const [sum, other] = users(e), last = made.at(-1), { args } = e;
      const adds = !own[1] && !other && sum?.op === "add" && sum.args.includes(x) && !users(x)[1];
      const block = adds ? i : blocks++, follows = (from: number, to: number) => from + last!.results.length === to;
      inZ.set(e, block);
      if (adds) inZ.set(sum, block);
      const isNext = last && last.args[0] === args[0] && last.adds === adds && follows(last.row, row) &&
        follows(last.block, block);
      if (isNext) last.results.push(e);
      else made.push({ args, results: [e], row, block, adds });
    }
  });
  for (const e of nodes) {
    const { op, at, args } = e, isNorm = op === "norm";
    if (!isNorm && op !== "weight") continue;
    const results = isNorm ? nodes.filter((part) => part.op === "part" && part.args[0] === e) : [e];
    made.push({ weight: at as string, args, results, row: 0, block: -1, adds: false });
  }
  return { recurrentGates, products: made, blocks, inZ };
}
