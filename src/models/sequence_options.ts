import { type Cell, cell } from "../cells/cell.ts";
import { anything, count, extended, flag, list, picked, rate, REQUIRED, sizes, type Table } from "../options.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import { TRAINER, type TrainerOptions } from "../trainer/options.ts";
import type { Metric } from "../training/metrics/metric.ts";
import { embedding, type PretrainedEmbedding } from "./embeddings.ts";
import { SAMPLE_FIT, type SampleFitOptions } from "./fit_options.ts";
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

const TASK = /* @__PURE__ */ extended(SESSION, {
  tokens: [tokens],
  features: [count],
  embedding: [embedding],
  cell: [cell],
  hidden: [sizes, 64],
  layers: [count],
  bidirectional: [flag],
  dropout: [rate, 0],
}) satisfies Table<TaskOptions>;

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
export const CLASSIFIER_OPTIONS = /* @__PURE__ */ extended(TASK, {
  labels: [list, REQUIRED],
  pooling: [POOLING, "last"],
}) satisfies Table<ClassifierOptions>;

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
export const REGRESSOR_OPTIONS = /* @__PURE__ */ extended(TASK, {
  outputs: [count, 1],
  loss: [LOSSES, "squared"],
  pooling: [POOLING, "last"],
}) satisfies Table<RegressorOptions>;

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
export const TAGGER_OPTIONS = /* @__PURE__ */ extended(TASK, {
  labels: [list],
  outputs: [count],
  loss: [LOSSES],
}) satisfies Table<TaggerOptions>;

/** Options of `fit` of a model that reads sequences. */
export interface TaskFitOptions<Sample, M extends Metrics>
  extends SampleFitOptions<Sample, M>, Pick<TrainerOptions<M>, "monitor"> {}

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

/** The options of `SequenceRegressor.fit`. */
export const FIT = /* @__PURE__ */ extended(SAMPLE_FIT, /* @__PURE__ */ picked(TRAINER, "monitor")) satisfies Table<
  TaskFitOptions<unknown, Metrics>
>;

/** The options of `fit` of a model of classes. */
export const CLASS_FIT = /* @__PURE__ */ extended(FIT, {
  classWeights: [anything],
}) satisfies Table<TaskFitOptions<unknown, Metrics> & ClassFitOptions>;

/** The sizes as the files of some models have them: one number where all layers are alike, or a list. */
export function joinedSizes(sizes: readonly number[]): { hidden: number | readonly number[]; layers: number } {
  return { hidden: sizes.every((size) => size === sizes[0]) ? sizes[0] : sizes, layers: sizes.length };
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
