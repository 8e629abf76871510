import type { Cell } from "../cells/cell.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import type { TrainerOptions } from "../trainer/options.ts";
import type { Clip } from "../training/clip.ts";
import type { Metric } from "../training/metrics/metric.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { PretrainedEmbedding } from "./embeddings.ts";
import type { SessionOptions } from "./model.ts";
import type { Label } from "./run/labels.ts";
import type { RegressionLoss } from "./run/regressor.ts";
import type { Pooling } from "./run/sequence_model.ts";
import type { Tokens } from "./run/sequences.ts";

/** Options of the models that read sequences: one of `tokens` and `features` must be given. */
export interface TaskOptions extends SessionOptions {
  /**
   * Tokens of the sequences: a vocabulary, or the number of tokens when sequences are ids. Tokens that a vocabulary
   * does not have become its `<unk>`; without `<unk>` they are refused.
   *
   * @default the sequences are values
   */
  tokens?: Tokens;
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
   * Hidden size of every layer and direction.
   *
   * @default {64}
   */
  hidden?: number;
  /**
   * Number of recurrent layers.
   *
   * @default {1}
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
