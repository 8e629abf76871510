import { layerSizes } from "../layers/recurrent_options.ts";
import { lstm } from "../cells/lstm.ts";
import { OptionError, requireNumber, requireOneOf, ShapeError } from "../errors.ts";
import { type Read, readOptions, RUN } from "../options.ts";
import type { Measurement, Metrics } from "../trainer/evaluate.ts";
import type { Samples } from "../training/data/samples.ts";
import type { Loss } from "../training/losses/loss.ts";
import { absoluteError, huber, squaredError } from "../training/losses/regression.ts";
import { accuracy, f1 } from "../training/metrics/classification.ts";
import { meanAbsoluteError, meanSquaredError } from "../training/metrics/regression.ts";
import { EmbeddingStarts } from "./embeddings.ts";
import type { FitPlan, TrainableModel } from "./model.ts";
import type { Labels } from "./run/labels.ts";
import type { SessionSize } from "./run/net_pool.ts";
import { MOST_ROWS } from "./run/pieces.ts";
import type { RegressionLoss } from "./run/regressor.ts";
import type { Pooling, SequenceModelDescription, TaskRunOptions } from "./run/sequence_model.ts";
import { SequenceInput, type Tokens } from "./run/sequences.ts";
import { type ClassMetrics, type FIT, joinedSizes, type NumberMetrics, type TaskOptions } from "./sequence_options.ts";

/** The size of a session of 32 sequences; their steps are those of the samples. */
export const SEQUENCES = (): SessionSize => ({ batch: MOST_ROWS, steps: 1 });

/** What evaluations of a model of classes measure beside the loss. */
export const CLASS_METRICS: ClassMetrics = { accuracy: /* @__PURE__ */ accuracy(), f1: /* @__PURE__ */ f1() };

/** What evaluations of a model of numbers measure beside the loss. */
export const NUMBER_METRICS: NumberMetrics = {
  meanAbsoluteError: /* @__PURE__ */ meanAbsoluteError(),
  meanSquaredError: /* @__PURE__ */ meanSquaredError(),
};

/**
 * The description of a new model, and its initial embedding.
 *
 * @throws {OptionError} When an option is out of range.
 */
export function describeSequenceModel(
  options: TaskOptions & { readonly tokens?: Tokens },
  { outputs, pooling }: { outputs: number; pooling: Pooling | "none" },
): { description: SequenceModelDescription; embeddings: EmbeddingStarts } {
  const { features } = new SequenceInput(options);
  const { tokens, cell = lstm(), bidirectional = false, dropout = 0 } = options;
  const { hidden, layers } = joinedSizes(layerSizes(options.hidden ?? 64, options.layers));
  const { embedding = Math.ceil([hidden].flat()[0] / 2) } = options;
  const embeddings = new EmbeddingStarts();
  const width = tokens === undefined ? undefined : embeddings.add("embedding.weight", embedding, tokens);
  // The file has the description's values in this order.
  const shape = { cell, hidden, layers, bidirectional, dropout, embedding: width, pooling, outputs };
  return { description: { ...shape, tokens, features, frozen: embeddings.frozen }, embeddings };
}

/** The training in a session for the longest sequence of the samples and the validation samples. */
export function planSequences<M extends Metrics>(
  input: SequenceInput,
  samples: Samples,
  validation: Samples | undefined,
  metrics: M,
  { batch, optimizer, clip, every, ...trainer }: Omit<Read<typeof FIT>, "validation">,
  identity: readonly unknown[],
): FitPlan<M> {
  const longest = [samples, validation].map((some) => input.longest(Array.from(some?.x ?? [])));
  const limits = { ...trainer, batch };
  return {
    session: { batch, steps: Math.max(...longest), optimizer, clip },
    data: () => samples,
    identity,
    trainer: validation ? { ...limits, metrics, evaluate: { data: validation, every } } : limits,
  };
}

/** Loss and metrics of samples, in a session for the longest of their sequences. */
export async function evaluateSequences<M extends Metrics>(
  model: Pick<TrainableModel<SequenceModelDescription>, "evaluate">,
  input: SequenceInput,
  samples: Samples,
  metrics: M,
  options: TaskRunOptions,
): Promise<Measurement<M>> {
  const { signal } = readOptions("evaluate", RUN, options);
  const size = { steps: input.longest(Array.from(samples.x)) };
  return await model.evaluate(samples, { size, metrics, signal });
}

/**
 * The weight of each class in the loss; undefined when all classes count alike.
 *
 * @param classes The classes of the training samples; negative ones do not count.
 * @throws {OptionError} When the samples have one class only, or the weights do not fit the labels.
 */
export function weightsOfClasses(
  { names }: Labels,
  classes: Iterable<number>,
  option: "balanced" | readonly number[] | undefined,
): readonly number[] | undefined {
  const C = names.length;
  const counts = new Array<number>(C).fill(0);
  for (const c of classes) if (c >= 0) counts[c]++;
  const present = counts.filter((count) => count > 0).length;
  if (present === 1) {
    const only = JSON.stringify(names[counts.findIndex((count) => count > 0)]);
    throw new OptionError(`Cannot fit: the samples must have at least two labels, got only ${only}`);
  }
  if (option === undefined) return undefined;
  const n = counts.reduce((sum, count) => sum + count);
  if (option === "balanced") return counts.map((count) => count && n / (present * count));
  if (option.length !== C) {
    throw new OptionError(`"classWeights" must have ${C} elements, one a label, got ${option.length}`);
  }
  return option.map((weight) => requireNumber("classWeights", weight, 0));
}

/**
 * The loss of this name.
 *
 * @throws {OptionError} When there is no such loss.
 */
export function regressionLoss(name: RegressionLoss): Loss {
  const losses = { squared: squaredError, absolute: absoluteError, huber };
  return losses[requireOneOf("loss", name, ["squared", "absolute", "huber"])]();
}

/**
 * The numbers of a target.
 *
 * @param sample The number of the sample, for the errors.
 * @throws {ShapeError} When there are not `width` numbers.
 * @throws {OptionError} When a number is not finite.
 */
export function numbersOf(target: number | ArrayLike<number>, width: number, sample: number): ArrayLike<number> {
  const numbers = typeof target === "number" ? [target] : target ?? [];
  if (numbers.length !== width) {
    throw new ShapeError(
      `Cannot read the target of sample ${sample}: expected ${width} numbers, got ${numbers.length}`,
    );
  }
  try {
    for (let i = 0; i < width; i++) requireNumber("target", numbers[i]);
  } catch (error) {
    throw new OptionError(`Cannot read sample ${sample}: ${(error as Error).message}`);
  }
  return numbers;
}
