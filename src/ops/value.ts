import { ShapeError } from "../errors.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/**
 * The spec of a tensor between layers, `[T, B, width]` time-major. `"values"`: rows of f32. `"tokens"`: one i32 a row,
 * below `width`. `"one-hot"`: one i32 a row as well, which stands for a row of `width` zeros with a one.
 */
export interface TensorSpec {
  /** Kind of the rows. */
  readonly kind: "values" | "tokens" | "one-hot";
  /** Elements of a row, or number of different tokens. */
  readonly width: number;
  /**
   * Number of sequences whose elements a row holds side by side. The caller gets `[parts, T, B, width / parts]`. No
   * layer reads more than one sequence.
   *
   * @default {1}
   */
  readonly parts?: number;
  /**
   * `"each"`: a row for each step, `[T, B, width]`. `"one"`: one row for a whole sequence, `[B, width]`. A function:
   * the sequences have other lengths, as behind a convolution with strides.
   *
   * @default {"each"}
   */
  readonly steps?: "each" | "one" | Resize;
  /** All tensors of a net with several inputs or outputs, by name. The other fields are those of the first. */
  readonly named?: Readonly<Record<string, TensorSpec>>;
}

/** Sequences that have other lengths than those that the net reads. */
export interface Resize {
  /** The shape of the sequences in a call of this shape. */
  shape<Shape extends BatchShape>(shape: Shape): Shape;
  /** The same behind sequences that have these steps. */
  after(steps: TensorSpec["steps"]): Resize;
  /** Plan a layer that reads such sequences: its calls have their shape. */
  plan<Planned>(layer: { plan(scope: Scope, x: Value): Planned }, scope: Scope, x: Value): Planned;
}

/** An array; or several by name, of a net with several inputs or outputs. */
export type Arrays = ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>;

/** A tensor between layers in memory: its rows, and the rows of its gradient. */
export interface Value extends TensorSpec {
  /** The rows. */
  readonly value: Slot;
  /** The gradient, which the reader of the value writes. Default: the gradient is not needed. */
  readonly gradient?: Slot;
  /** All values of a net with several inputs or outputs, by name. */
  readonly named?: Readonly<Record<string, Value>>;
}

/** The rows of a call in a larger batch. Other processes have the other rows. */
export interface Shard {
  /** Rows of the whole batch. */
  readonly B: number;
  /** For each row of the call, its row in the whole batch sorted by length. */
  readonly rows: ArrayLike<number>;
}

/** The sizes of a call, at most those of the plan. */
export interface BatchShape {
  /** Time steps. */
  readonly T: number;
  /** Rows of a step. */
  readonly B: number;
  /**
   * Number of active rows of step t: the first ones, because rows are sorted by length. B for every t when all rows
   * have length T. The other rows are padding: their values are never used, their gradients are zero.
   */
  readonly active: (t: number) => number;
  /** Whether the call is a training pass, in which dropout drops. */
  readonly training: boolean;
  /** The call's rows in a larger batch, which decide the random numbers. Default: the call is the whole batch. */
  readonly shard?: Shard;
  /** Shape of the decoder's sequences, in a net with a decoder. */
  readonly decoder?: BatchShape;
  /** Shape of the encoder's sequences, in the shape of a decoder. */
  readonly source?: BatchShape;
}

/** Plans an input of a net. */
export function inputValue(scope: Scope, name: string, spec: TensorSpec): Value {
  const { kind, width, steps } = spec, rows = steps === "one" ? scope.batch : scope.steps * scope.batch;
  if (spec.named) {
    const named = mapNamed(spec, {}, (each, _, name) => inputValue(scope, name!, each)) as Record<string, Value>;
    return { ...Object.values(named)[0], named };
  }
  const isValues = kind === "values";
  return {
    kind,
    width,
    steps,
    value: isValues ? scope.activation(name, rows, width) : scope.integers(name, rows),
    gradient: isValues && scope.train ? scope.activation(`gradient of ${name}`, rows, width) : undefined,
  };
}

/** The shape of tensors with one row for each sequence: one step, with all rows active. */
export function oneStep<Shape extends BatchShape>(shape: Shape): Shape {
  return { ...shape, T: 1, active: () => shape.B, totalSteps: 1, offset: 0, lengths: undefined };
}

/** The shape of a tensor in a call. */
export function shapeOf<Shape extends BatchShape>({ steps }: Pick<TensorSpec, "steps">, shape: Shape): Shape {
  return typeof steps === "object" ? steps.shape(shape) : steps === "one" ? oneStep(shape) : shape;
}

/** Apply f to a tensor and its data; or to each of several, by name. */
export function mapNamed<Spec extends { readonly named?: Readonly<Record<string, unknown>> }, Data, Result>(
  spec: Spec,
  data: unknown,
  f: (spec: Spec, data: Data, name?: string) => Result,
): Result | Record<string, Result> {
  if (!spec.named) return f(spec, data as Data);
  return Object.fromEntries(
    Object.entries(spec.named).map((
      [name, own],
    ) => [name, f(own as Spec, (data as Record<string, Data>)?.[name], name)]),
  );
}

/**
 * Visits the rows of each length, from the longest to the shortest. Rows of one length are neighbours: `visit` gets the
 * first row and the number of rows.
 */
export function forEachLength(
  { T, active }: BatchShape,
  visit: (length: number, row: number, rows: number) => void,
): void {
  for (let t = T - 1, next = 0; t >= 0; t--) {
    const n = active(t);
    if (n > next) visit(t + 1, next, n - next);
    next = n;
  }
}

/**
 * @param what The refused operation, for the error message.
 * @throws {ShapeError} When the input has no row for each step.
 */
export function requireSteps(what: string, { steps }: TensorSpec): void {
  if (steps === "one") throw new ShapeError(`Cannot ${what}: its input has one row for a sequence, and no steps`);
}

/**
 * One-hot rows are not in memory, and not every layer can read them.
 *
 * @param what The refused operation, for the error message.
 * @throws {ShapeError} When the input is not rows of values.
 */
export function requireValues(what: string, { kind, width }: TensorSpec): void {
  if (kind === "values") return;
  throw new ShapeError(`Cannot ${what}: its input must be values, got ${kind} of width ${width}; use an embedding`);
}
