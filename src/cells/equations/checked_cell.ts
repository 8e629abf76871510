import { format, OptionError } from "../../errors.ts";
import {
  anything,
  type Check,
  count,
  flag,
  positiveFinite,
  rate,
  readOptions,
  refuse,
  REQUIRED,
  type Table,
  text,
  texts,
} from "../../options.ts";
import { ACTIVATION } from "../../kernels/activation_kinds.ts";
import type { ActivationName, ActivationOptions } from "../../ops/activation.ts";
import { constant, type Initialiser, type Parameter, zeros } from "../../ops/initialise.ts";
import {
  type EquationsCell,
  equationsCell,
  type NormOptions,
  type VectorOptions,
  type WeightOptions,
} from "./equations_cell.ts";
import { activation, Expression, FUNCTIONS, Graph, type Op, type StepFunctions, type Width } from "./expression.ts";
import { equationsData } from "./data.ts";
import { EXTENSION } from "./norms.ts";
import type { AnyStep } from "./trace.ts";

type Named<Of> = Readonly<Record<string, Of>>;

/** An object with values that a check accepts. */
const named = <Value>(check: Check<Value>): Check<Named<Value>> => (name, value) => {
  if (typeof value !== "object" || !value || Array.isArray(value)) return refuse(name, "an object", value);
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, check(`${name}.${key}`, own)]));
};

const width: Check<Width> = (name, value) => value === "H" ? value : count(name, value);

/** An object of options. */
const options = <Read>(table: Parameters<typeof readOptions>[1]): Check<Read> => (name, value) =>
  readOptions(name, table, value, `${name}.`) as Read;

const names: Check<string[]> = (name, value) =>
  texts(name, value).length ? value as string[] : refuse(name, "names", value);

const VECTOR = { rows: [count], width: [width], initial: [anything] } satisfies Table<VectorOptions>;
const WEIGHT = { rows: [width], columns: [width], initial: [anything] } satisfies Table<WeightOptions>;
const NORM = {
  values: [count, REQUIRED],
  epsilon: [positiveFinite],
  initialBias: [anything],
} satisfies Table<NormOptions>;

const states: Check<string[] | Named<Width>> = (name, value) =>
  Array.isArray(value) ? names(name, value) : named(width)(name, value);

const bias: Check<boolean | "one"> = (name, value) => value === "one" ? value : flag(name, value);

const pair: Check<readonly [string, string]> = (name, value) => {
  const [input, recurrent, ...more] = texts(name, value);
  return recurrent && !more.length ? [input, recurrent] : refuse(name, "two names", value);
};

const DEFINITION = {
  name: [text, REQUIRED],
  gates: [names, REQUIRED],
  states: [states, REQUIRED],
  bias: [bias, true],
  vectors: [/* @__PURE__ */ named(/* @__PURE__ */ options<VectorOptions>(VECTOR)), {}],
  weights: [/* @__PURE__ */ named(/* @__PURE__ */ options<WeightOptions>(WEIGHT)), {}],
  norms: [/* @__PURE__ */ named(/* @__PURE__ */ options<NormOptions>(NORM)), {}],
  masks: [/* @__PURE__ */ named(rate), {}],
  initial: [/* @__PURE__ */ named<Initialiser>(anything), {}],
  weightNames: [pair, ["weight_ih", "weight_hh"]],
} as const;

/** A value whose number nobody can ask for. */
class StepValue extends Expression {
  /**
   * The value in an error message.
   *
   * @throws {OptionError} When a condition or a sum asks for its number.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return `${this.op} ${this.at}`;
    throw new OptionError(
      "Cannot use a value of a step as a number or condition: a step runs once, on symbols; " +
        "combine values by plus, minus, times, divide and the given functions",
    );
  }
}

/** A graph that checks arguments. */
class StepGraph extends Graph {
  protected override readonly value = StepValue;
  readonly #factors: (op: Op, at: string) => Width | undefined;

  constructor(factors: (op: Op, at: string) => Width | undefined) {
    super();
    this.#factors = factors;
  }

  override make(op: Op, args: readonly Expression[] = [], at: string | number = "", width?: Width): Expression {
    const factor = this.#factors(op, `${at}`);
    for (const arg of args) {
      if (!(arg instanceof Expression)) {
        throw new OptionError(`Cannot ${op}: expected values of the step, got ${format(arg)}`);
      }
      if (arg.graph !== this) throw new OptionError(`Cannot ${op}: "${arg}" is an expression of another cell`);
      if (factor && factor !== arg.width) {
        throw new OptionError(`Cannot multiply by "${at}": expected a value of width ${factor}, got ${arg.width}`);
      }
      if (width === undefined && arg.width !== args[0].width) {
        throw new OptionError(`Cannot ${op}: expected values of one width, got ${args.map((one) => one.width)}`);
      }
    }
    return super.make(op, args, at, width);
  }

  override combine(op: Op, a: Expression, b: Expression | number): Expression {
    if (typeof b !== "number") return super.combine(op, a, b);
    const alpha = op === "multiply" ? b : op === "divide" ? 1 / b : 1;
    return activation(a, { name: "affine", alpha, beta: op === "add" ? b : op === "subtract" ? -b : 0 });
  }
}

/** Makes the functions of a step, which refuse what is no value. */
function stepFunctions(): StepFunctions {
  const all = Object.keys(ACTIVATION).map((name) => [
    name,
    (x: Expression, options?: ActivationOptions) => activation(x, { ...options, name: name as ActivationName }),
  ]);
  const functions = {
    ...FUNCTIONS,
    ...Object.fromEntries(all),
    oneMinus: (x: Expression) => activation(x, { name: "affine", alpha: -1, beta: 1 }),
    exp: (x: Expression) => x.graph.make("exp", [x]),
    maximum: (a: Expression, b: Expression) => b.plus(activation(a.minus(b), "relu")),
  };
  return Object.fromEntries<unknown>(
    Object.entries(functions).map(([name, f]) => [name, (x: Expression, ...more: unknown[]) => {
      if (!(x instanceof Expression)) {
        throw new OptionError(`Cannot apply a function: expected a value of the step, got ${format(x)}`);
      }
      if (name === "clamp") positiveFinite("limit", more[0]);
      return (f as (...args: unknown[]) => Expression)(x, ...more);
    }]),
  ) as unknown as StepFunctions;
}

/**
 * A cell from equations that are checked.
 *
 * @throws {OptionError} When a state is missing or has another width, or a gate or parameter is not used.
 */
export function checkedCell(definition: { readonly step: AnyStep }): EquationsCell {
  const { step, ...own } = definition, read = readOptions("defineCell", DEFINITION, own);
  const { name, gates, weights, vectors, norms, masks } = read, list = read.states;
  const states: Named<Width> = Array.isArray(list)
    ? Object.fromEntries(list.map((name) => [name, "H" as const]))
    : list;
  const wrong = (what: string): never => {
    throw new OptionError(`Cannot define the cell "${name}": ${what}`);
  };
  const parts = ["x", "W", ...[states, vectors, weights, norms, masks].flatMap(Object.keys)];
  const twice = parts.find((part, i) => parts.indexOf(part) < i);
  if (twice) wrong(`two of its parts are called "${twice}"`);

  const output = Object.values(states)[0];
  const graph = new StepGraph((op, at) =>
    op === "recurrent" ? output : op === "weight" ? weights[at].columns ?? "H" : undefined
  );
  const normalise = (name: string) => (values: readonly Expression[]) => {
    const { length } = values, wanted = norms[name].values;
    if (length !== wanted || values.some(({ width }) => width !== "H")) {
      throw new OptionError(`Cannot normalise by "${name}": expected ${wanted} values of width H, got ${length}`);
    }
    const norm = graph.make("norm", values, name, "H");
    return values.map((_, i) => graph.make("part", [norm], i));
  };
  const more = Object.fromEntries([
    ...Object.keys(norms).map((name) => [name, normalise(name)]),
    ...Object.keys(masks).map((name) => [name, graph.make("mask", [], name, "H")]),
  ]);
  const checkedStep: AnyStep = (inputs, functions) => {
    const next = step(inputs, functions);
    for (const [name, width] of Object.entries(states)) {
      const value = next?.[name] ?? wrong(`its step must return the state "${name}"`);
      if (value.width !== width) wrong(`the state "${name}" must have width ${width}, got ${value.width}`);
    }
    const unknown = Object.keys(next).find((name) => !Object.hasOwn(states, name));
    return unknown ? wrong(`its step returns "${unknown}", which is none of its states`) : next;
  };
  const all = { ...read, states, step: checkedStep } as unknown as Parameters<typeof equationsCell>[0];
  const cell = equationsCell(all, { graph, more, functions: stepFunctions(), extension: EXTENSION }),
    { nodes } = cell.equations;
  const used = new Set(nodes.map(({ op, at }) => `${op} ${`${at}`.split(" ")[0]}`)), { keys } = Object;
  const wanted = { gate: gates, vector: keys(vectors), weight: keys(weights), norm: keys(norms), mask: keys(masks) };
  for (const [kind, names] of Object.entries(wanted)) {
    const unused = names.find((name) => !used.has(`${kind === "gate" ? "x" : kind} ${name}`));
    if (unused) wrong(`its step does not use the ${kind} "${unused}"`);
  }
  for (const norm of nodes.filter(({ op }) => op === "norm")) {
    const { length } = nodes.filter(({ op, args }) => op === "part" && args[0] === norm);
    if (length < norm.args.length) wrong(`its step does not use all values that "${norm.at}" normalises`);
  }
  return {
    ...cell,
    description: { kind: "equations", ...equationsData(cell.equations) },
    parameters: (I, H) => ({ ...cell.parameters(I, H), ...normParameters(norms, H) }),
  };
}

/** The gains and biases of normalisations. */
function normParameters(norms: Named<NormOptions>, H: number): Record<string, Parameter> {
  return Object.fromEntries(
    Object.entries(norms).flatMap(([name, { values, initialBias = zeros() }]) => {
      const shape = [values * H];
      return [[`${name}_gain`, { shape, initial: constant(1) }], [`${name}_bias`, { shape, initial: initialBias }]];
    }),
  );
}
