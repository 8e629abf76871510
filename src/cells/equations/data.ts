import { FormatError } from "../../errors.ts";
import { list } from "../../options.ts";
import { defineCell, type EquationsCell } from "./define_cell.ts";
import { Expression, type StepFunctions } from "./expression.ts";
import type { AnyStep, Equations, Parts } from "./trace.ts";

/** One expression: its operation, which one, and the numbers of the expressions that it reads. */
export type NodeData = readonly [op: string, at: unknown, ...args: number[]];

/** The equations of a cell as plain data: its parts, and its expressions in the order of writing. */
export interface EquationsData extends Omit<Parts, "name"> {
  /** The expressions. */
  readonly nodes: readonly NodeData[];
  /** The numbers of the states after the step. */
  readonly outputs: readonly number[];
}

/** The equations as plain data that JSON can hold. Initial values of parameters are not part of them. */
export function equationsData(equations: Equations): EquationsData {
  const { gates, states, bias, weightNames, vectors, weights, norms, masks, nodes, outputs } = equations;
  const plain = <Part>(record: Readonly<Record<string, Part>>): Record<string, Part> => {
    const isInitial = (key: string) => key.startsWith("initial");
    return JSON.parse(JSON.stringify(record, (key, value) => isInitial(key) ? undefined : value));
  };
  return {
    gates,
    states,
    bias,
    weightNames,
    vectors: plain(vectors),
    weights: plain(weights),
    norms: plain(norms),
    masks,
    nodes: nodes.map(({ op, at, args }) => {
      return [op, op === "activation" ? JSON.parse(at as string) : at, ...args.map((arg) => nodes.indexOf(arg))];
    }),
    outputs: outputs.map((e) => nodes.indexOf(e)),
  };
}

/**
 * The cell of what `equationsData` gave. The expressions are made as a step makes them, with all checks.
 *
 * @throws {FormatError} When an expression is none.
 * @throws {OptionError} When the equations are not those of a cell.
 */
export function readEquations(name: string, data: unknown): EquationsCell {
  const { nodes, outputs, ...parts } = Object(data) as EquationsData;
  list("outputs", outputs);
  const wrong = (what: unknown): never => {
    throw new FormatError(`the equations of its cell have ${JSON.stringify(what)}, which is no expression`);
  };
  const step: AnyStep = (inputs, functions) => {
    const made: unknown[] = [];
    for (const node of list("nodes", nodes)) {
      const [op, at, ...indices] = list("nodes", node), args = indices.map((i) => made[i] ?? wrong(node));
      const make = Object.hasOwn(MAKERS, op) ? MAKERS[op] : wrong(node);
      const isRead = op === "part" || args.every((arg) => arg instanceof Expression);
      if (!isRead || args.length < make.length - 3) wrong(node);
      made.push(make(inputs, functions, at, ...args as Expression[]) ?? wrong(node));
    }
    const states = outputs.map((i) => made[i] ?? wrong(outputs));
    return Object.fromEntries(Object.keys(parts.states).map((name, i) => [name, states[i] as Expression]));
  };
  return defineCell({ ...parts, name, step } as unknown as Parameters<typeof defineCell>[0]);
}

type Inputs = Readonly<Record<string, unknown>>;

/** Makes an expression; undefined when there is none. It reads as many arguments as follow the first three. */
type Maker = (inputs: Inputs, f: StepFunctions, at: unknown, ...args: Expression[]) => unknown;

/** An input by its name, or one of several: `name row`. */
function input(inputs: unknown, at: unknown): unknown {
  const [name, row] = `${at}`.split(" "), own = Object(inputs) as Inputs, found = Object.hasOwn(own, name) && own[name];
  return row === undefined ? found || undefined : input(found, row);
}

/** The result of an input that is a function. */
function applied(inputs: unknown, at: unknown, arg: unknown): unknown {
  const f = input(inputs, at);
  return typeof f === "function" ? f(arg) : undefined;
}

const MAKERS: Readonly<Record<string, Maker>> = {
  x: ({ x }, _, at) => input(x, at),
  state: (inputs, _, at) => input(inputs, at),
  vector: (inputs, _, at) => input(inputs, at),
  mask: (inputs, _, at) => input(inputs, at),
  recurrent: ({ W }, _, at, a) => applied(W, at, a),
  weight: (inputs, _, at, a) => applied(inputs, at, a),
  norm: (inputs, _, at, ...args) => applied(inputs, at, args),
  part: (_, _f, at, norm) => input(norm, at),
  add: (_, _f, _at, a, b) => a.plus(b),
  subtract: (_, _f, _at, a, b) => a.minus(b),
  multiply: (_, _f, _at, a, b) => a.times(b),
  divide: (_, _f, _at, a, b) => a.divide(b),
  multiplyAdd: (_, f, _at, a, b, c) => f.multiplyAdd(a, b, c),
  activation: (_, f, at, a) => f.activation(a, Object(at)),
  exp: (_, f, _at, a) => f.exp(a),
  clamp: (_, f, at, a) => f.clamp(a, at as number),
};
