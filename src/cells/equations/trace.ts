import { OptionError } from "../../errors.ts";
import { type Expression, Graph, inOrder, type StepFunctions, stepFunctions, type Width } from "./expression.ts";

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

/** A product of a weight with a value: one matmul a step. */
export interface Product {
  /** Name of the further weight; undefined: the recurrent weight. */
  readonly weight?: string;
  /** The factor. */
  readonly argument: Expression;
  /** The results side by side. */
  readonly results: readonly Expression[];
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
}

/** What `step` gets before the types of its names are known. */
export type AnyStep = (inputs: Record<string, unknown>, functions: StepFunctions) => Record<string, Expression>;

/** What a step reads, by name. */
export function stepInputs(graph: Graph, parts: Parts): Record<string, unknown> {
  const { gates, states, vectors, weights, norms, masks } = parts, output = Object.values(states)[0];
  const each = <Part, Made>(record: Readonly<Record<string, Part>>, make: (name: string, part: Part) => Made) =>
    Object.entries(record).map(([name, part]) => [name, make(name, part)] as const);
  const product = (op: "recurrent" | "weight", name: string, columns: Width, rows: Width) => (value: Expression) => {
    if (value?.width !== undefined && value.width !== columns) {
      throw new OptionError(`Cannot multiply by "${name}": expected a value of width ${columns}, got ${value.width}`);
    }
    return graph.make(op, [value], name, rows);
  };
  const inputs: (readonly [string, unknown])[] = [
    ["x", Object.fromEntries(gates.map((gate) => [gate, graph.make("x", [], gate, "H")]))],
    ["W", Object.fromEntries(gates.map((gate) => [gate, product("recurrent", gate, output, "H")]))],
    ...each(states, (name, width) => graph.make("state", [], name, width)),
    ...each(vectors, (name, { rows, width = "H" }) => {
      const row = (at: string) => graph.make("vector", [], at, width);
      return rows === undefined ? row(name) : Array.from({ length: rows }, (_, i) => row(`${name} ${i}`));
    }),
    ...each(weights, (name, { rows = "H", columns = "H" }) => product("weight", name, columns, rows)),
    ...each(norms, (name, { values }) => (list: readonly Expression[]) => {
      if (list.length !== values || list.some(({ width }) => width !== "H")) {
        throw new OptionError(
          `Cannot normalise by "${name}": expected ${values} values of width H, got ${list.length}`,
        );
      }
      const norm = graph.make("norm", list, name, "H");
      return list.map((_, i) => graph.make("part", [norm], i));
    }),
    ...each(masks, (name) => graph.make("mask", [], name, "H")),
  ];
  inputs.forEach(([name], i) => {
    if (inputs.findIndex(([other]) => other === name) === i) return;
    throw new OptionError(`Cannot define the cell "${parts.name}": two of its parts are called "${name}"`);
  });
  return Object.fromEntries(inputs);
}

/**
 * Runs a step once, on symbols.
 *
 * @throws {OptionError} When a state is missing or has another width, or a gate or parameter is not used.
 */
export function trace(parts: Parts, step: AnyStep): Equations {
  const next = step(stepInputs(new Graph(), parts), stepFunctions());
  const wrong = (what: string): never => {
    throw new OptionError(`Cannot define the cell "${parts.name}": ${what}`);
  };
  const outputs = Object.entries(parts.states).map(([name, width]) => {
    const value = next?.[name] ?? wrong(`its step must return the state "${name}"`);
    if (value.width !== width) wrong(`the state "${name}" must have width ${width}, got ${value.width}`);
    return value;
  });
  const unknown = Object.keys(next).find((name) => !Object.hasOwn(parts.states, name));
  if (unknown) wrong(`its step returns "${unknown}", which is none of its states`);
  const nodes = inOrder(outputs), used = new Set(nodes.map(({ op, at }) => `${op} ${`${at}`.split(" ")[0]}`));
  const { gates, vectors, weights, norms, masks } = parts;
  for (
    const [op, names] of Object.entries({
      x: gates,
      ...keys({ vector: vectors, weight: weights, norm: norms, mask: masks }),
    })
  ) {
    const unused = names.find((name) => !used.has(`${op} ${name}`));
    if (unused) wrong(`its step does not use the ${op === "x" ? "gate" : op} "${unused}"`);
  }
  for (const norm of nodes.filter(({ op }) => op === "norm")) {
    const parts = nodes.filter(({ op, args }) => op === "part" && args[0] === norm);
    if (parts.length < norm.args.length) wrong(`its step does not use all values that "${norm.at}" normalises`);
  }
  return { ...parts, outputs, nodes, ...products(gates, nodes) };
}

function keys(records: Readonly<Record<string, object>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(records).map(([name, record]) => [name, Object.keys(record)]));
}

/**
 * The products of a step. A product whose result is only added to the input of its own gate is added in place; any
 * other result of the recurrent weight has a block of z behind the gates. Neighbours with one factor are one matmul.
 */
function products(
  gates: readonly string[],
  nodes: readonly Expression[],
): Pick<Equations, "recurrentGates" | "products" | "blocks" | "inZ"> {
  const users = (e: Expression) => nodes.filter(({ args }) => args.includes(e));
  const inZ = new Map<Expression, number>(), made: Product[] = [];
  for (const e of nodes) if (e.op === "x") inZ.set(e, gates.indexOf(e.at as string));
  const isRecurrent = ({ op }: Expression) => op === "recurrent";
  const recurrentGates = gates.filter((gate) => nodes.some((e) => isRecurrent(e) && e.at === gate));
  const gate = ({ at }: Expression) => gates.indexOf(at as string);
  let blocks = gates.length;
  for (const e of nodes.filter(isRecurrent).sort((a, b) => gate(a) - gate(b))) {
    const [sum, ...others] = users(e), own = nodes.find(({ op, at }) => op === "x" && at === e.at);
    const adds = !others.length && sum?.op === "add" && sum.args.includes(own!) && users(own!).length === 1 &&
      nodes.filter(({ op, at }) => op === "recurrent" && at === e.at).length === 1;
    const block = adds ? gate(e) : blocks++;
    inZ.set(e, block);
    if (adds) inZ.set(sum, block);
    const row = recurrentGates.indexOf(e.at as string), [argument] = e.args, last = made.at(-1);
    const follows = last && last.argument === argument && last.adds === adds &&
      last.row + last.results.length === row && last.block + last.results.length === block;
    if (follows) made[made.length - 1] = { ...last, results: [...last.results, e] };
    else made.push({ argument, results: [e], row, block, adds });
  }
  for (const e of nodes) {
    if (e.op === "weight") {
      made.push({ weight: e.at as string, argument: e.args[0], results: [e], row: 0, block: -1, adds: false });
    }
  }
  return { recurrentGates, products: made, blocks, inZ };
}
