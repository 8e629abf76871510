import type { Cell } from "../cells/cell.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Clip } from "../training/clip.ts";
import type { Metric } from "../training/metrics/metric.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { PretrainedEmbedding } from "./embedding_start.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import type { Label } from "./labels.ts";
import type { Tokens } from "./model_file.ts";
import type { Sequence } from "./seq2seq_options.ts";
import type { TrainerOptions } from "../trainer/options.ts";

/** How the outputs of a sequence's steps become one: see `pool` and `attentionPool`; `"last"`: that after its last step. */
export type Pooling = "last" | "mean" | "max" | "attention";

/**
 * What a model reads: a text or its tokens, as the vocabulary cuts and has them, or ids; or, of a model with `features`,
 * values `[T, features]`, row-major or as rows.
 */
export type TaskSequence = Sequence | ArrayLike<ArrayLike<number>>;

/** Options of the models that read sequences. */
export interface TaskOptions {
  /**
   * What sequences are made of: a vocabulary, or the number of tokens, when sequences are ids. Tokens that a vocabulary does not
   * have are its `<unk>`; without one, they are refused. Either this or `features` must be given.
   */
  tokens?: Tokens;
  /** Numbers of a step, where sequences are values: best of about mean 0 and deviation 1. */
  features?: number;
  /** Width of the embedding of tokens, or vectors learned elsewhere. Default: half of the hidden size. */
  embedding?: number | PretrainedEmbedding;
  /** The recurrent cell of every layer. Default `lstm()`. */
  cell?: Cell;
  /** Hidden size of every layer and direction. Default 64. */
  hidden?: number;
  /** Recurrent layers. Default 1. */
  layers?: number;
  /** Whether each layer also reads against time. Default false; of a tagger true, as what follows often tells. */
  bidirectional?: boolean;
  /** Rate of dropout on the embedding, between layers, and on what the outputs are made of. Default 0. */
  dropout?: number;
  /** Seed of the first parameters, and of dropout. Default 0. */
  seed?: number;
  /** See `compile`. Default `"fast"`. */
  numerics?: Numerics;
  /** See `compile`. Default 1. */
  threads?: number;
}

/** What `load` cannot know from the file. */
export type LoadModelOptions = Pick<TaskOptions, "cell" | "seed" | "numerics" | "threads">;

/** Which number a model of numbers makes small: see `squaredError`, `absoluteError`, `huber`. */
export type RegressionLoss = "squared" | "absolute" | "huber";

/** Options of `SequenceClassifier.create`. */
export interface ClassifierOptions extends TaskOptions {
  /** The classes, at least two. */
  labels: readonly Label[];
  /** Default `"last"`. */
  pooling?: Pooling;
}

/** Options of `SequenceRegressor.create`. */
export interface RegressorOptions extends TaskOptions {
  /** Numbers that a sequence is to give. Default 1. */
  outputs?: number;
  /** Default `"squared"`. */
  loss?: RegressionLoss;
  /** Default `"last"`. */
  pooling?: Pooling;
}

/** Options of `SequenceTagger.create`: `labels` or `outputs` must be given. */
export interface TaggerOptions extends TaskOptions {
  /** The classes of a step, at least two. */
  labels?: readonly Label[];
  /** Or the numbers that each step is to give. */
  outputs?: number;
  /** Of numbers. Default `"squared"`. */
  loss?: RegressionLoss;
}

/** Options of `fit`: a model's own, and some of the trainer's. */
export interface TaskFitOptions<Sample, M extends Metrics> extends
  Pick<
    TrainerOptions<M>,
    "epochs" | "steps" | "seconds" | "seed" | "bucket" | "patience" | "restoreBest" | "monitor" | "signal"
  > {
  /** Samples of a batch. Default 32. */
  batch?: number;
  /** Default `adam({ learningRate: 2e-3 })`. */
  optimizer?: Optimizer;
  /** Default `clipNorm(1)`. */
  clip?: Clip;
  /** Samples to evaluate on after each epoch, to stop early and to restore the best parameters by. Default none. */
  validation?: readonly Sample[];
  /** Updates from one evaluation to the next. Default: once an epoch. */
  every?: number;
}

/** How much classes count in a training. */
export interface ClassFitOptions {
  /**
   * `"balanced"`: each class as much as any other, n / (C n(c)) of class c, of C that occur, as scikit-learn has it; or a weight for each label,
   * in their order. The loss of the training is weighted, evaluations are not. Default: all 1.
   */
  classWeights?: "balanced" | readonly number[];
}

/** What the evaluations of a training measure, of models of classes. */
export type ClassMetrics = { readonly accuracy: Metric; readonly f1: Metric };

/** What the evaluations of a training measure, of models of numbers. */
export type NumberMetrics = { readonly meanAbsoluteError: Metric; readonly meanSquaredError: Metric };

/** When to end a prediction or an evaluation. */
export interface TaskRunOptions {
  /** Ends it between two batches, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** How well a model of classes does. */
export interface ClassEvaluation {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Sequences, or steps, that it is the mean of. */
  readonly count: number;
  /** The share of them that got their own label. */
  readonly accuracy: number;
  /** The mean of the labels' F1: see `f1`. */
  readonly f1: number;
  /** How often each label (rows) was predicted to be which (columns), in the order of `labels`. */
  readonly confusion: number[][];
}

/** How well a model of numbers does. */
export interface NumberEvaluation {
  /** The loss that it was made with. */
  readonly loss: number;
  /** Sequences, or steps, that it is the mean of. */
  readonly count: number;
  /** Mean distance of a number from its target. */
  readonly meanAbsoluteError: number;
  /** Mean square of that. */
  readonly meanSquaredError: number;
}
