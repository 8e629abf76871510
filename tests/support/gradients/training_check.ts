/**
 * Gradients of training steps against central differences, of all parameters at once, at any parameters.
 *
 * Sessions with one seed draw the same masks in their first training step. So every loss is that of a new session, in
 * double precision, with other parameters. The error of the differences is the third derivative times the squared
 * step / 6, and the last bit of a loss divided by the step. The gradient is rounded to f32.
 */
import { type CallOptions, crossEntropy, type Data, type Layer, sgd, type TensorCopy } from "../../../mod.ts";
import { compileReference } from "../compile_reference.ts";
import { Generator } from "../../../src/random/generator.ts";
import type { Shape } from "../cells/trial.ts";

/** Parameters in f32 or f64. */
type Parameters = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/** Training steps of a net on the same data, each the first step of its session. */
export interface Trainer {
  /** The seed's parameters. */
  parameters(): Map<string, TensorCopy>;
  gradients(parameters: Parameters): Map<string, TensorCopy>;
  loss(parameters: Parameters): number;
}

export function trainer(net: Layer, { T, B }: Shape, data: Data, options: CallOptions = {}): Trainer {
  const plan = { batch: B, steps: T, loss: crossEntropy(), optimizer: sgd({ learningRate: 0 }), seed: 1 };
  function step(parameters: Parameters) {
    using session = compileReference(net, plan, "f64");
    session.setParameters(parameters);
    return { ...session.step(data, options), gradients: session.gradients() };
  }
  return {
    parameters() {
      using session = compileReference(net, plan, "f64");
      return session.parameters();
    },
    gradients: (parameters) => step(parameters).gradients,
    loss: (parameters) => step(parameters).loss,
  };
}

/**
 * The error of the gradient of all parameters against the slope along one random direction of length 1, relative to the
 * gradient's length, but at least to 1e-4, because the differences have an error of 1e-12.
 */
export function checkDirection({ gradients, loss }: Trainer, parameters: Parameters, seed: number): number {
  const random = new Generator(seed), found = gradients(parameters);
  const directions = new Map([...found].map(([name, { data }]) => [name, data.map(() => 2 * random.uniform() - 1)]));
  const product = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]) =>
    a.reduce((sum, tensor, i) => Array.from(tensor).reduce((sum, value, j) => sum + value * b[i][j], sum), 0);
  const direction = [...directions.values()], gradient = [...found.values()].map(({ data }) => data);
  const length = Math.sqrt(product(direction, direction));
  const lossAt = (step: number): number => {
    const moved = [...parameters].map(([name, { shape, data }]) => {
      const along = directions.get(name)!;
      return [name, { shape, data: Float64Array.from(data, (value, i) => value + step * along[i] / length) }] as const;
    });
    return loss(new Map(moved));
  };
  const step = 1e-4, slope = (lossAt(step) - lossAt(-step)) / (2 * step);
  return Math.abs(slope - product(gradient, direction) / length) /
    Math.max(1e-4, Math.sqrt(product(gradient, gradient)));
}
