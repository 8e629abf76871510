import { type Initialiser, type Parameter, uniform } from "../../ops/initialise.ts";
import type { Cell } from "../cell.ts";
import { backward } from "./derive.ts";
import type { Expression, StepFunctions, Width } from "./expression.ts";
import { planEquations } from "./planned_equations.ts";
import { schedule } from "./schedule.ts";
import { type Additions, type AnyStep, type Equations, type Parts, trace } from "./trace.ts";

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
 * A cell from the equations of its step, as `defineCell` makes it, but without checks, text and the parameters of
 * normalisations. `states` are widths by name.
 */
export function equationsCell<
  const G extends string,
  const S extends string,
  const V extends Vectors = Record<never, never>,
  const M extends string = never,
  const N extends string = never,
  const D extends string = never,
>(definition: CellEquations<G, S, V, M, N, D>, additions?: Additions): EquationsCell {
  const { name, gates, bias = true, weightNames = ["weight_ih", "weight_hh"], masks = {}, step } = definition;
  const initial: Named<Initialiser> = definition.initial ?? {}, states = definition.states as unknown as Named<Width>;
  const vectors: Vectors = definition.vectors ?? {}, weights: Named<WeightOptions> = definition.weights ?? {};
  const norms: Named<NormOptions> = definition.norms ?? {};
  const parts: Parts = { name, gates, states, bias, weightNames, vectors, weights, norms, masks };
  const equations = trace(parts, step as unknown as AnyStep, additions);
  const output = Object.values(states)[0];
  return {
    name,
    equations,
    gates: gates.length,
    columns: equations.blocks,
    inputWeight: weightNames[0],
    states(H) {
      return Object.fromEntries(Object.entries(states).map(([name, width]) => [name, width === "H" ? H : width]));
    },

    parameters(I, H) {
      const preset = uniform(1 / Math.sqrt(H)), n = gates.length * H, m = equations.recurrentGates.length * H;
      const made: Record<string, Parameter> = {};
      const add = (name: string, shape: readonly Width[], own: Initialiser | undefined = initial[name]) => {
        const sizes = shape.map((width) => width === "H" ? H : width);
        if (sizes[0]) made[name] = { shape: sizes, initial: own ?? preset };
      };
      add(weightNames[0], [n, I]);
      add(weightNames[1], [m, output]);
      if (bias === true) add("bias_ih", [n]), add("bias_hh", [m]);
      else if (bias) add("bias", [n]);
      for (const name in weights) {
        const { rows = "H", columns = "H", initial } = weights[name];
        add(name, [rows, columns], initial);
      }
      for (const name in vectors) {
        const { rows, width = "H", initial } = vectors[name];
        add(name, rows === undefined ? [width] : [rows, width], initial);
      }
      return made;
    },

    plan(context) {
      const { isStepwise, scope } = context;
      return planEquations(context, equations, schedule(equations, isStepwise, scope.train ? backward : undefined));
    },
  };
}
