import { format, OptionError } from "../../errors.ts";
import { positiveFinite } from "../../options.ts";
import { ACTIVATION } from "../../kernels/activation_kinds.ts";
import {
  type Activation,
  type ActivationName,
  type ActivationOptions,
  completeActivation,
} from "../../ops/activation.ts";

/** Elements of a row: the hidden size, or a number. */
export type Width = "H" | number;

/**
 * What an expression is: an input of the step, a product with a weight, a layer normalisation, an operation element by
 * element, or a value of backward.
 */
export type Op =
  | "x"
  | "state"
  | "vector"
  | "mask"
  | "recurrent"
  | "weight"
  | "norm"
  | "part"
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "multiplyAdd"
  | "activation"
  | "exp"
  | "clamp"
  | "seed"
  | "activationBackward"
  | "clampBackward"
  | "productBackward"
  | "normBackward";

/**
 * A value of one step, `[B, width]`. Its methods make other values. Equal expressions are one object, so a value that
 * is used twice is computed once.
 */
export class Expression {
  /** The engine makes expressions. */
  constructor(
    /** The cell's graph. */
    readonly graph: Graph,
    /** Number in the order of writing. */
    readonly id: number,
    /** The operation. */
    readonly op: Op,
    /** What the operation reads. */
    readonly args: readonly Expression[],
    /** Which gate, state, weight or nonlinearity; a limit. */
    readonly at: string | number,
    /** Elements of a row. */
    readonly width: Width,
  ) {}

  /** this + other */
  plus(other: Expression | number): Expression {
    return typeof other === "number" ? this.#affine(1, other) : this.#with("add", other);
  }

  /** this - other */
  minus(other: Expression | number): Expression {
    return typeof other === "number" ? this.#affine(1, -other) : this.#with("subtract", other);
  }

  /** this times other, element by element */
  times(other: Expression | number): Expression {
    return typeof other === "number" ? this.#affine(other, 0) : this.#with("multiply", other);
  }

  /** this / other, element by element */
  divide(other: Expression | number): Expression {
    return typeof other === "number" ? this.#affine(1 / other, 0) : this.#with("divide", other);
  }

  #affine(alpha: number, beta: number): Expression {
    return applied(this, { name: "affine", alpha, beta });
  }

  #with(op: Op, other: Expression): Expression {
    return this.graph.make(op, [this, other]);
  }

  /**
   * The value in an error message. A value has no number.
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

/** The expressions of one cell, each once. */
export class Graph {
  readonly #known = new Map<string, Expression>();

  /**
   * An expression: the known one, or a new one. Without `width`, all arguments must have one width, which is its own.
   *
   * @throws {OptionError} When an argument is no expression of this graph, or widths differ.
   */
  make(op: Op, args: readonly Expression[] = [], at: string | number = "", width?: Width): Expression {
    for (const arg of args) {
      if (!(arg instanceof Expression)) {
        throw new OptionError(`Cannot ${op}: expected values of the step, got ${format(arg)}`);
      }
      if (arg.graph !== this) throw new OptionError(`Cannot ${op}: "${arg}" is an expression of another cell`);
      if (width === undefined && arg.width !== args[0].width) {
        throw new OptionError(`Cannot ${op}: expected values of one width, got ${args.map((one) => one.width)}`);
      }
    }
    const key = `${op} ${at} ${args.map(({ id }) => id)}`;
    let made = this.#known.get(key);
    if (!made) {
      this.#known.set(key, made = new Expression(this, this.#known.size, op, args, at, width ?? args[0].width));
    }
    return made;
  }
}

function graphOf(x: Expression): Graph {
  if (x instanceof Expression) return x.graph;
  throw new OptionError(`Cannot apply a function: expected a value of the step, got ${format(x)}`);
}

function applied(x: Expression, f: Activation): Expression {
  return graphOf(x).make("activation", [x], JSON.stringify(completeActivation("activation", f)));
}

/** The functions that a step can use, besides the methods of `Expression`. */
export interface StepFunctions
  extends Readonly<Record<ActivationName, (x: Expression, options?: ActivationOptions) => Expression>> {
  /** A nonlinearity by name, with alpha and beta. */
  activation(x: Expression, f: Activation): Expression;
  /** 1 - x */
  oneMinus(x: Expression): Expression;
  /** e to the power of x, with x clamped to [-87, 88] */
  exp(x: Expression): Expression;
  /** x clamped to [-limit, limit] */
  clamp(x: Expression, limit: number): Expression;
  /** a + b c, element by element, in one rounding where the machine can */
  multiplyAdd(a: Expression, b: Expression, c: Expression): Expression;
  /** The larger of two values, element by element: b + max(a - b, 0) */
  maximum(a: Expression, b: Expression): Expression;
}

/** Makes the functions. */
export function stepFunctions(): StepFunctions {
  const all = Object.keys(ACTIVATION).map((name) => [
    name,
    (x: Expression, options?: ActivationOptions) => applied(x, { ...options, name: name as ActivationName }),
  ]);
  const functions: StepFunctions = {
    ...Object.fromEntries(all),
    activation: applied,
    oneMinus: (x: Expression) => applied(x, { name: "affine", alpha: -1, beta: 1 }),
    exp: (x: Expression) => graphOf(x).make("exp", [x]),
    clamp(x: Expression, limit: number) {
      return graphOf(x).make("clamp", [x], positiveFinite("limit", limit));
    },
    multiplyAdd: (a: Expression, b: Expression, c: Expression) => graphOf(a).make("multiplyAdd", [a, b, c]),
    maximum: (a: Expression, b: Expression) => b.plus(functions.relu(a.minus(b))),
  };
  return functions;
}

/** All that the given expressions are made of, in the order of writing. */
export function inOrder(roots: Iterable<Expression>): Expression[] {
  const found = new Set<Expression>();
  const visit = (e: Expression) => {
    if (found.has(e)) return;
    found.add(e);
    e.args.forEach(visit);
  };
  for (const root of roots) visit(root);
  return [...found].sort((a, b) => a.id - b.id);
}
