import { FormatError } from "../../errors.ts";
import { list } from "../../options.ts";
import type { EquationsData } from "./data.ts";
import { checkedCell } from "./checked_cell.ts";
import type { EquationsCell } from "./equations_cell.ts";
import { Expression, type StepFunctions } from "./expression.ts";
import type { AnyStep } from "./trace.ts";

/**
 * The cell of what `equationsData` gave. The expressions are made as a step makes them, with all checks.
 *
 * @throws {FormatError} When an expression is none.
 * @throws {OptionError} When the equations are not those of a cell.
 */
export function readEquations(data: unknown): EquationsCell {
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
  return checkedCell({ ...parts, step });
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
