import type { Layer } from "../layers/layer.ts";
import type { NetPlan } from "../models/plan.ts";
import { Generator } from "../random/generator.ts";
import type { Loss } from "../training/losses/loss.ts";

/** Options of `gradientCheck`. */
export interface GradientCheckOptions {
  /** Number of rows B. Default 3. */
  batch?: number;
  /** Number of time steps T. Default 4; when x is given, as many as it has. */
  steps?: number;
  /** Length of each row, B integers from 1 to T, in any order. Default: all T. */
  lengths?: ArrayLike<number>;
  /** Tokens `[T, B]` or values `[T, B, input]`. Default: drawn, values from -1 to 1. */
  x?: ArrayLike<number>;
  /** What the gradients are of. Default: the sum of all outputs and last states, each times a weight drawn from -1 to 1. */
  loss?: Loss;
  /**
   * What `loss` compares the output with. Default, for a loss of classes: drawn, `[T, B]`, or `[B]` where the net gives
   * one row for a sequence.
   */
  y?: ArrayLike<number>;
  /** Seed of everything that is drawn, dropout masks too: a non-negative integer. Default 0. */
  seed?: number;
}

/** What goes into a pass, in doubles, and what makes one number of what comes out. */
export interface Trial {
  /** Tokens `[T, B]` or values `[T, B, input]`. */
  readonly x: Float64Array;
  /** First states; none where the net has learned ones. */
  readonly states: Readonly<Record<string, Float64Array>> | undefined;
  readonly lengths: ArrayLike<number> | undefined;
  /** Classes for the plan's loss. Without them the loss is the sum of outputs and last states, each times a weight. */
  readonly y: ArrayLike<number> | undefined;
  readonly outputWeights: Float64Array;
  readonly stateWeights: Readonly<Record<string, Float64Array>>;
}

/** The seed's stream of what is drawn here. Streams below 2^32 are those of parameters and masks. */
export const DATA = 2 ** 32;

/** As many steps as x has; the session says what is wrong with another number of elements. */
export function stepsOf({ input: { kind, width } }: Layer, batch: number, x: ArrayLike<number> | undefined): number {
  return x ? Math.max(1, Math.floor(x.length / (batch * (kind === "values" ? width : 1)))) : 4;
}

/** All that a pass reads: as given, the rest drawn. Numbers are f32 numbers in doubles. */
export function drawTrial({ input, layer, options: { batch, steps } }: NetPlan, options: GradientCheckOptions): Trial {
  const random = new Generator(options.seed ?? 0, DATA), rows = steps * batch, { output } = layer;
  const numbers = (n: number) => Float64Array.from({ length: n }, () => 2 * random.uniform() - 1);
  const integers = (n: number, limit: number) => Float64Array.from({ length: n }, () => random.integer(limit));
  const blocks = () => Object.fromEntries(layer.states.map(({ name, width }) => [name, numbers(batch * width)]));
  const isValues = input.kind === "values", outputs = output.once ? batch : rows;
  const x = isValues ? numbers(rows * input.width) : integers(rows, input.width);
  return {
    x: options.x ? Float64Array.from(isValues ? Float32Array.from(options.x) : options.x) : x,
    states: layer.states.some(({ learned }) => learned) ? undefined : blocks(),
    lengths: options.lengths,
    y: options.loss && (options.y ?? integers(outputs, output.width)),
    outputWeights: numbers(outputs * output.width),
    stateWeights: blocks(),
  };
}
