import { type Cell, cell } from "../cells/cell.ts";
import { OptionError } from "../errors.ts";
import { anything, count, flag, list, rate, REQUIRED, sizes, type Table } from "../options.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import { TRAINER, type TrainerOptions } from "../trainer/options.ts";
import { type Clip, clip } from "../training/clip.ts";
import type { Metric } from "../training/metrics/metric.ts";
import { type Optimizer, optimizer } from "../training/optimizers/optimizer.ts";
import { embedding, type PretrainedEmbedding } from "./embeddings.ts";
import { SESSION, type SessionOptions } from "./model.ts";
import type { Label } from "./run/labels.ts";
import type { RegressionLoss } from "./run/regressor.ts";
import type { Pooling } from "./run/sequence_model.ts";
import { type Tokens, tokens } from "./run/sequences.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** Options of the models that read sequences: one of `tokens` and `features` must be given. */
export interface TaskOptions extends SessionOptions {
  /**
   * Tokens of the sequences: a vocabulary, or the number of tokens when sequences are ids. Tokens that a vocabulary
   * does not have become its `<unk>`; without `<unk>` they are refused.
   *
   * @default the sequences are values
   */
  tokens?: Tokens | Tokenizer;
  /**
   * Values of a time step, when sequences are values. Values of mean 0 and deviation 1 train best.
   *
   * @default the sequences are tokens
   */
  features?: number;
  /**
   * Width of the embedding of tokens, or vectors learned elsewhere.
   *
   * @default half of the hidden size
   */
  embedding?: number | PretrainedEmbedding;
  /**
   * The recurrent cell of every layer.
   *
   * @default {lstm()}
   */
  cell?: Cell;
  /**
   * Hidden size of every layer and direction, or of each layer, bottom to top.
   *
   * @default {64}
   */
  hidden?: number | readonly number[];
  /**
   * Number of recurrent layers.
   *
   * @default 1, or as many as `hidden` has sizes
   */
  layers?: number;
  /**
   * Whether each layer also reads against time.
   *
   * @default false; true in a tagger, because the tag of a step often depends on the following steps
   */
  bidirectional?: boolean;
  /**
   * Rate of dropout on the embedding, between layers, and on the input of the last dense layer.
   *
   * @default {0}
   */
  dropout?: number;
}

const TASK = {
  ...SESSION,
  tokens: [tokens],
  features: [count],
  embedding: [embedding],
  cell: [cell],
  hidden: [sizes, 64],
  layers: [count],
  bidirectional: [flag],
  dropout: [rate, 0],
} satisfies Table<TaskOptions>;

const POOLING = ["last", "mean", "max", "attention"] as const;
const LOSSES = ["squared", "absolute", "huber"] as const;

/** Options of `SequenceClassifier.create`. */
export interface ClassifierOptions extends TaskOptions {
  /** The classes, at least two. */
  labels: readonly Label[];
  /**
   * How the outputs of the time steps become one.
   *
   * @default {"last"}
   */
  pooling?: Pooling;
}

/** The options of `SequenceClassifier.create`. */
export const CLASSIFIER_OPTIONS = {
  ...TASK,
  labels: [list, REQUIRED],
  pooling: [POOLING, "last"],
} satisfies Table<ClassifierOptions>;

/** Options of `SequenceRegressor.create`. */
export interface RegressorOptions extends TaskOptions {
  /**
   * Numbers that a sequence gives.
   *
   * @default {1}
   */
  outputs?: number;
  /**
   * The loss to minimise.
   *
   * @default {"squared"}
   */
  loss?: RegressionLoss;
  /**
   * How the outputs of the time steps become one.
   *
   * @default {"last"}
   */
  pooling?: Pooling;
}

/** The options of `SequenceRegressor.create`. */
export const REGRESSOR_OPTIONS = {
  ...TASK,
  outputs: [count, 1],
  loss: [LOSSES, "squared"],
  pooling: [POOLING, "last"],
} satisfies Table<RegressorOptions>;

/** Options of `SequenceTagger.create`: one of `labels` and `outputs` must be given. */
export interface TaggerOptions extends TaskOptions {
  /**
   * The classes of a step, at least two.
   *
   * @default the model is a tagger of numbers
   */
  labels?: readonly Label[];
  /**
   * Numbers that each step gives.
   *
   * @default the model is a tagger of labels
   */
  outputs?: number;
  /**
   * The loss of a tagger of numbers.
   *
   * @default {"squared"}
   */
  loss?: RegressionLoss;
}

/** The options of `SequenceTagger.create`. */
export const TAGGER_OPTIONS = {
  ...TASK,
  labels: [list],
  outputs: [count],
  loss: [LOSSES],
} satisfies Table<TaggerOptions>;

/** Options of `fit`: those of the model, and some of the trainer. */
export interface TaskFitOptions<Sample, M extends Metrics> extends
  Pick<
    TrainerOptions<M>,
    "epochs" | "steps" | "seconds" | "seed" | "bucket" | "patience" | "restoreBest" | "monitor" | "signal"
  > {
  /**
   * Samples of a batch.
   *
   * @default {32}
   */
  batch?: number;
  /**
   * The optimizer.
   *
   * @default {adam({ learningRate: 2e-3 })}
   */
  optimizer?: Optimizer;
  /**
   * Gradient clipping.
   *
   * @default {clipNorm(1)}
   */
  clip?: Clip;
  /**
   * Samples to evaluate the model on during the training: for early stopping and to restore the best parameters.
   *
   * @default none
   */
  validation?: readonly Sample[];
  /**
   * Updates from one evaluation to the next.
   *
   * @default once an epoch
   */
  every?: number;
}

/** Options of `fit` in a model of classes. */
export interface ClassFitOptions {
  /**
   * The weight of each label in the loss, in the order of `labels`. `"balanced"`: class c has the weight n / (C n(c)),
   * where n is the number of samples and C the number of classes that occur, as in scikit-learn. Evaluations are not
   * weighted.
   *
   * @default all 1
   */
  classWeights?: "balanced" | readonly number[];
}

const { epochs, steps, seconds, seed, bucket, patience, restoreBest, monitor, signal } = TRAINER;

/** The options of `SequenceRegressor.fit`. */
export const FIT = {
  epochs,
  steps,
  seconds,
  seed,
  bucket,
  patience,
  restoreBest,
  monitor,
  signal,
  batch: [count, 32],
  optimizer: [optimizer],
  clip: [clip],
  validation: [list],
  every: [count],
} satisfies Table<TaskFitOptions<unknown, Metrics>>;

/** The options of `fit` of a model of classes. */
export const CLASS_FIT = {
  ...FIT,
  classWeights: [anything],
} satisfies Table<TaskFitOptions<unknown, Metrics> & ClassFitOptions>;

/**
 * The hidden sizes of layers as a model's file has them: one number where all layers are alike, or a list.
 *
 * @throws {OptionError} When there is not one size for each of the layers.
 */
export function layerSizes(
  hidden: number | readonly number[],
  layers?: number,
): { hidden: number | readonly number[]; layers: number } {
  if (typeof hidden === "number") return { hidden, layers: layers ?? 1 };
  const { length } = hidden;
  if (layers !== undefined && layers !== length) {
    throw new OptionError(`"hidden" must have one size for each of ${layers} layers, got ${length}`);
  }
  return { hidden: hidden.every((size) => size === hidden[0]) ? hidden[0] : hidden, layers: length };
}

/** What the evaluations of a training measure in a model of classes. */
export type ClassMetrics = { readonly accuracy: Metric; readonly f1: Metric };

/** What the evaluations of a training measure in a model of numbers. */
export type NumberMetrics = { readonly meanAbsoluteError: Metric; readonly meanSquaredError: Metric };

/** Evaluation of a model of classes. */
export interface ClassEvaluation {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Number of sequences, or steps, that count. */
  readonly count: number;
  /** Share of the sequences, or steps, with the right prediction. */
  readonly accuracy: number;
  /** Mean of the labels' F1: see `f1`. */
  readonly f1: number;
  /** Number of times that each label (row) was predicted as each label (column), in the order of `labels`. */
  readonly confusion: number[][];
}

/** Evaluation of a model of numbers. */
export interface NumberEvaluation {
  /** The model's loss. */
  readonly loss: number;
  /** Number of sequences, or steps, that count. */
  readonly count: number;
  /** Mean distance of a number from its target. */
  readonly meanAbsoluteError: number;
  /** Mean square of the distance of a number from its target. */
  readonly meanSquaredError: number;
}
