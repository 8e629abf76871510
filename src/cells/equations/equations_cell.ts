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
import { constant, type Initialiser, type Parameter, uniform, zeros } from "../../ops/initialise.ts";
import type { Cell } from "../cell.ts";
import type { Expression, StepFunctions, Width } from "./expression.ts";
import { equationsData } from "./data.ts";
import { planEquations } from "./planned_equations.ts";
import { type Schedule, schedule } from "./schedule.ts";
import { type AnyStep, type Equations, type Parts, trace } from "./trace.ts";

/** The product of a weight with a value: v Wᵀ. */
export type ProductOf = (value: Expression) => Expression;

/** A parameter of vectors. */
export interface VectorOptions {
  /** Number of vectors, the rows of a matrix. Default: one vector. */
  readonly rows?: number;
  /** Elements of a vector. @default {"H"} */
  readonly width?: Width;
  /** Initial values. Default: uniform in ±1 / sqrt(H). */
  readonly initial?: Initialiser;
}

/** A weight other than that of the input and the recurrent one. */
export interface WeightOptions {
  /** Rows: the width of products. @default {"H"} */
  readonly rows?: Width;
  /** Columns: the width of factors. @default {"H"} */
  readonly columns?: Width;
  /** Initial values. Default: uniform in ±1 / sqrt(H). */
  readonly initial?: Initialiser;
}

/** A layer normalisation, with parameters `NAME_gain` and `NAME_bias`. */
export interface NormOptions {
  /** Number of values of width H that are normalised together. */
  readonly values: number;
  /** Added to the variance. @default {1e-5} */
  readonly epsilon?: number;
  /** Initial values of the bias. Default: zeros. */
  readonly initialBias?: Initialiser;
}

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

/** Parameters of vectors by name. */
export type Vectors = Readonly<Record<string, VectorOptions>>;
type Named<Of> = Readonly<Record<string, Of>>;

/** What a step reads. */
export type StepInputs<
  G extends string,
  S extends string,
  V extends Vectors = Record<never, never>,
  M extends string = never,
  N extends string = never,
  D extends string = never,
> =
  & {
    /** The input's part of each gate, x W_ihᵀ with its bias. */
    readonly x: Readonly<Record<G, Expression>>;
    /** The products with each gate's rows of the recurrent weight. */
    readonly W: Readonly<Record<G, ProductOf>>;
  }
  & Readonly<Record<S | D, Expression>>
  & { readonly [K in keyof V]: V[K] extends { readonly rows: number } ? readonly Expression[] : Expression }
  & Readonly<Record<M, ProductOf>>
  & Readonly<Record<N, (values: readonly Expression[]) => readonly Expression[]>>;

/** A cell as the equations of its step. */
export interface CellEquations<
  G extends string,
  S extends string,
  V extends Vectors = Record<never, never>,
  M extends string = never,
  N extends string = never,
  D extends string = never,
> {
  /** Name of the cell. */
  readonly name: string;
  /** Names of the gates: the row blocks of the input weight and the recurrent weight, in their order. */
  readonly gates: readonly G[];
  /** Names of the states, the output first; or their widths by name. */
  readonly states:
    & (readonly S[] | Readonly<Record<S, Width>>)
    & (string extends S ? unknown : [S & ("x" | "W")] extends [never] ? unknown : "x and W are reserved");
  /** PyTorch's two biases; one, named `bias`; or none. @default {true} */
  readonly bias?: boolean | "one";
  /** Parameters that are the same for all rows of a batch. */
  readonly vectors?: V;
  /** Further weights. */
  readonly weights?: Readonly<Record<M, WeightOptions>>;
  /** Layer normalisations. */
  readonly norms?: Readonly<Record<N, NormOptions>>;
  /** Dropout masks by their rates: a mask is 0 or 1 / (1 - rate) at each step of a training, else 1. */
  readonly masks?: Readonly<Record<D, number>>;
  /** Initial values of the weights and biases by name. Default: uniform in ±1 / sqrt(H). */
  readonly initial?: Readonly<Record<string, Initialiser>>;
  /** Names of the input weight and the recurrent weight. @default {["weight_ih", "weight_hh"]} */
  readonly weightNames?: readonly [input: string, recurrent: string];
  /** The states after a step. Runs once, on symbols. */
  step(inputs: StepInputs<G, S, V, M, N, D>, functions: StepFunctions): Readonly<Record<S, Expression>>;
}

/** A cell that is given by equations. */
export interface EquationsCell extends Cell {
  /** The equations. */
  readonly equations: Equations;
}

/**
 * A cell from the equations of its step, as `defineCell` makes it, but without their text.
 *
 * @throws {OptionError} When the equations are not those of a cell.
 */
export function equationsCell<
  const G extends string,
  const S extends string,
  const V extends Vectors = Record<never, never>,
  const M extends string = never,
  const N extends string = never,
  const D extends string = never,
>(definition: CellEquations<G, S, V, M, N, D>): EquationsCell {
  const { step, ...own } = definition, read = readOptions("defineCell", DEFINITION, own);
  const { name, gates, states, bias, weightNames, vectors, weights, norms, masks, initial } = read;
  const widths = Array.isArray(states) ? Object.fromEntries(states.map((name) => [name, "H" as const])) : states;
  const parts: Parts = { name, gates, states: widths, bias, weightNames, vectors, weights, norms, masks };
  const equations = trace(parts, step as unknown as AnyStep);
  const output = Object.values(widths)[0], recurrentRows = equations.recurrentGates.length;
  let plain: Schedule | undefined, stepwise: Schedule | undefined;
  return {
    name,
    equations,
    description: { kind: "equations", ...equationsData(equations) },
    gates: gates.length,
    columns: equations.blocks,
    inputWeight: weightNames[0],
    states: (H) => sizes(widths, H),

    parameters(I, H) {
      const preset = uniform(1 / Math.sqrt(H)), n = gates.length * H, m = recurrentRows * H, wide = size(H);
      const made: Record<string, Parameter> = {};
      const add = (name: string, shape: readonly number[], own: Initialiser | undefined = initial[name]) => {
        if (shape[0]) made[name] = { shape, initial: own ?? preset };
      };
      add(weightNames[0], [n, I]);
      add(weightNames[1], [m, wide(output)]);
      if (bias === true) add("bias_ih", [n]), add("bias_hh", [m]);
      else if (bias) add("bias", [n]);
      for (const [name, { rows = "H", columns = "H", initial }] of Object.entries(weights)) {
        add(name, [wide(rows), wide(columns)], initial);
      }
      for (const [name, { rows, width = "H", initial }] of Object.entries(vectors)) {
        add(name, rows === undefined ? [wide(width)] : [rows, wide(width)], initial);
      }
      for (const [name, { values, initialBias = zeros() }] of Object.entries(norms)) {
        add(`${name}_gain`, [values * H], constant(1)), add(`${name}_bias`, [values * H], initialBias);
      }
      return made;
    },

    plan(context) {
      const own = context.isStepwise ? stepwise ??= schedule(equations, true) : plain ??= schedule(equations);
      return planEquations(context, equations, own);
    },
  };
}

const size = (H: number) => (width: Width) => width === "H" ? H : width;

function sizes(widths: Named<Width>, H: number): Record<string, number> {
  return Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, size(H)(width)]));
}
