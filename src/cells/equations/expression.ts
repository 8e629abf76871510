import {
  type Activation,
  type ActivationName,
  type ActivationOptions,
  completeActivation,
} from "../../ops/activation.ts";

/** Elements of a row: the hidden size, or a number. */
export type Width = "H" | number;

/** What an expression is: what a step reads, a product with a weight, a normalisation, an operation, or a gradient. */
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
  | "productBackward";

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
    return this.graph.combine("add", this, other);
  }

  /** this - other */
  minus(other: Expression | number): Expression {
    return this.graph.combine("subtract", this, other);
  }

  /** this times other, element by element */
  times(other: Expression | number): Expression {
    return this.graph.combine("multiply", this, other);
  }

  /** this / other, element by element */
  divide(other: Expression | number): Expression {
    return this.graph.combine("divide", this, other);
  }
}

/** The expressions of one cell, each once. */
export class Graph {
  /** The class of its expressions. */
  protected readonly value: typeof Expression = Expression;
  readonly #known = new Map<string, Expression>();

  /** An expression: the known one, or a new one. Default of `width`: that of the first argument. */
  make(op: Op, args: readonly Expression[] = [], at: string | number = "", width?: Width): Expression {
    const key = `${op} ${at} ${args.map(({ id }) => id)}`;
    let made = this.#known.get(key);
    if (!made) {
      made = new this.value(this, this.#known.size, op, args, at, width ?? args[0].width);
      this.#known.set(key, made);
    }
    return made;
  }

  /** An operation on two values. The graph of `defineCell` takes numbers too. */
  combine(op: Op, a: Expression, b: Expression | number): Expression {
    return this.make(op, [a, b as Expression]);
  }
}

/** f(x) */
export function activation(x: Expression, f: Activation): Expression {
  return x.graph.make("activation", [x], JSON.stringify(completeActivation("activation", f)));
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

/** The functions that the library's own cells use. */
export const FUNCTIONS = {
  activation,
  clamp: (x: Expression, limit: number) => x.graph.make("clamp", [x], limit),
  multiplyAdd: (a: Expression, b: Expression, c: Expression) => a.graph.make("multiplyAdd", [a, b, c]),
  sigmoid: (x: Expression) => activation(x, "sigmoid"),
  tanh: (x: Expression) => activation(x, "tanh"),
};

/** All that the given expressions are made of, in the order of writing. */
export function inOrder(roots: readonly Expression[]): Expression[] {
  const found = new Set<Expression>();
  const visit = (e: Expression) => {
    if (found.has(e)) return;
    found.add(e);
    e.args.forEach(visit);
  };
  roots.forEach(visit);
  return [...found].sort((a, b) => a.id - b.id);
}
