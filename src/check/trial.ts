import type { Layer } from "../layers/layer.ts";
import type { NetPlan } from "../runtime/plan.ts";
import type { TensorSpec } from "../ops/value.ts";
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
  /** Of a net with a decoder: the time steps of that one. Default: as many as `steps`, or as `decoderInput` has. */
  decoderSteps?: number;
  /** Of a net with a decoder: what that one reads. Default: drawn as x is. */
  decoderInput?: ArrayLike<number>;
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
  /** The same of a decoder. */
  readonly decoderInput: Float64Array | undefined;
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
export function stepsOf({ kind, width }: TensorSpec, batch: number, x: ArrayLike<number>): number {
  return Math.max(1, Math.floor(x.length / (batch * (kind === "values" ? width : 1))));
}

/** All that a pass reads: as given, the rest drawn. Numbers are f32 numbers in doubles. */
export function drawTrial(net: Layer, { options: size }: NetPlan, options: GradientCheckOptions): Trial {
  const { input, decoderInput, output, states = [] } = net, { batch, steps, decoderSteps } = size;
  const random = new Generator(options.seed ?? 0, DATA), rows = (decoderInput ? decoderSteps! : steps) * batch;
  const numbers = (n: number) => Float64Array.from({ length: n }, () => 2 * random.uniform() - 1);
  const integers = (n: number, limit: number) => Float64Array.from({ length: n }, () => random.integer(limit));
  const blocks = () => Object.fromEntries(states.map(({ name, width }) => [name, numbers(batch * width)]));
  const outputs = output.steps === "one" ? batch : rows;
  const sequence = ({ kind, width }: TensorSpec, T: number, given: ArrayLike<number> | undefined) => {
    const isValues = kind === "values", drawn = isValues ? numbers(T * batch * width) : integers(T * batch, width);
    return given ? Float64Array.from(isValues ? Float32Array.from(given) : given) : drawn;
  };
  return {
    x: sequence(input, steps, options.x),
    decoderInput: decoderInput && sequence(decoderInput, decoderSteps!, options.decoderInput),
    states: states.some(({ learned }) => learned) ? undefined : blocks(),
    lengths: options.lengths,
    y: options.loss && (options.y ?? integers(outputs, output.width)),
    outputWeights: numbers(outputs * output.width),
    stateWeights: blocks(),
  };
}
