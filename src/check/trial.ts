import { requireNumbers } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { NetPlan } from "../runtime/plan.ts";
import { type Arrays, mapNamed, shapeOf, type TensorSpec } from "../ops/value.ts";
import { Generator } from "../random/generator.ts";
import { count, natural, type Table } from "../options.ts";
import { type Loss, loss } from "../training/losses/loss.ts";

/** Options of `gradientCheck`. */
export interface GradientCheckOptions {
  /**
   * Number of rows B.
   *
   * @default {3}
   */
  batch?: number;
  /** Number of time steps T. Default: that of x, or 4. */
  steps?: number;
  /** Length of each row, B integers from 1 to T, in any order. Default: all T. */
  lengths?: ArrayLike<number>;
  /** Tokens `[T, B]` or values `[T, B, input]`; of several inputs by name. Default: random, values from -1 to 1. */
  x?: Arrays;
  /** Number of the decoder's time steps, in a net with a decoder. Default: that of `decoderInput`, or `steps`. */
  decoderSteps?: number;
  /** Input of the decoder, in a net with a decoder. Default: random, as x. */
  decoderInput?: ArrayLike<number>;
  /** The loss. Default: the sum of all outputs and last states, each times a random weight from -1 to 1. */
  loss?: Loss;
  /**
   * Targets of `loss`. Default, for a loss of classes: random, `[T, B]`, or `[B]` for a net that gives one row for a
   * sequence. Of several outputs by name.
   */
  y?: Arrays;
  /**
   * Seed of all random numbers, including dropout masks: a non-negative integer.
   *
   * @default {0}
   */
  seed?: number;
}

/** An array of numbers, or several by name. */
function arrays(name: string, value: unknown): Arrays {
  if (typeof value !== "object" || value === null || typeof (value as ArrayLike<number>).length === "number") {
    return requireNumbers(name, value);
  }
  for (const [key, own] of Object.entries(value)) requireNumbers(`${name}.${key}`, own);
  return value as Arrays;
}

/** The options of `gradientCheck`. */
export const GRADIENT_CHECK = {
  batch: [count],
  steps: [count],
  lengths: [requireNumbers],
  x: [arrays],
  decoderSteps: [count],
  decoderInput: [requireNumbers],
  loss: [loss],
  y: [arrays],
  seed: [natural],
} satisfies Table<GradientCheckOptions>;

/** Numbers, or those of several inputs or outputs by name. */
export type Doubles = Float64Array | Readonly<Record<string, Float64Array>>;

/** The inputs of a pass, in doubles, and the weights of the default loss. */
export interface Trial {
  /** Tokens `[T, B]` or values `[T, B, input]`. */
  readonly x: Doubles;
  /** Tokens or values for the decoder. */
  readonly decoderInput: Float64Array | undefined;
  /** First states; undefined for a net with learned first states. */
  readonly states: Readonly<Record<string, Float64Array>> | undefined;
  readonly lengths: ArrayLike<number> | undefined;
  /** Targets of the plan's loss; undefined for the default loss. */
  readonly y: Arrays | undefined;
  readonly outputWeights: Doubles;
  readonly stateWeights: Readonly<Record<string, Float64Array>>;
}

/** The seed's stream of a trial's random numbers. Parameters and masks have the streams below 2^32. */
export const DATA = 2 ** 32;

/** The number of steps of x. The session refuses another number of elements. */
export function stepsOf(spec: TensorSpec, batch: number, x: Arrays): number {
  let all = 1;
  mapNamed(spec, x, ({ kind, width, steps }, x: ArrayLike<number>) => {
    if (steps !== "one" && x) all = Math.max(all, stepsOfOne(kind, width, batch, x));
  });
  return all;
}

function stepsOfOne(kind: TensorSpec["kind"], width: number, batch: number, x: ArrayLike<number>): number {
  return Math.max(1, Math.floor(x.length / (batch * (kind === "values" ? width : 1))));
}

/** The inputs of a pass: those of the options, the others random. Numbers are f32 numbers in doubles. */
export function drawTrial(net: Layer, { options: size }: NetPlan, options: GradientCheckOptions): Trial {
  const { input, decoderInput, output, states = [] } = net, { batch, steps, decoderSteps } = size;
  const random = new Generator(options.seed ?? 0, DATA), rows = (decoderInput ? decoderSteps! : steps) * batch;
  const numbers = (n: number) => Float64Array.from({ length: n }, () => 2 * random.uniform() - 1);
  const integers = (n: number, limit: number) => Float64Array.from({ length: n }, () => random.integer(limit));
  const blocks = () => Object.fromEntries(states.map(({ name, width }) => [name, numbers(batch * width)]));
  const rowsOf = (spec: TensorSpec, T: number) => {
    const shape = shapeOf(spec, { T, B: batch, active: () => batch, training: true });
    return shape.T * batch;
  };
  const outputRows = (spec: TensorSpec) => rowsOf(spec, rows / batch);
  const sequence = (spec: TensorSpec, most: number, own: ArrayLike<number> | undefined) => {
    const { kind, width } = spec, T = rowsOf(spec, most) / batch;
    const isValues = kind === "values", drawn = isValues ? numbers(T * batch * width) : integers(T * batch, width);
    return own ? Float64Array.from(isValues ? Float32Array.from(own) : own) : drawn;
  };
  return {
    x: mapNamed(input, options.x, (spec, own: ArrayLike<number> | undefined) => sequence(spec, steps, own)),
    decoderInput: decoderInput && sequence(decoderInput, decoderSteps!, options.decoderInput),
    states: states.some(({ learned }) => learned) ? undefined : blocks(),
    lengths: options.lengths,
    y: options.loss && (options.y ?? mapNamed(output, {}, (spec) => integers(outputRows(spec), spec.width))),
    outputWeights: mapNamed(output, {}, (spec) => numbers(outputRows(spec) * spec.width)),
    stateWeights: blocks(),
  };
}
