import { type Cell, cell } from "../cells/cell.ts";
import { requireBytes } from "../errors.ts";
import { count, extended, flag, rate, sizes, type Table, text } from "../options.ts";
import type { EvaluationEvent, Statistics } from "../trainer/events.ts";
import type { StatisticsOptions } from "../trainer/statistics.ts";
import { statistics, type World, world } from "../trainer/options.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { embedding, type PretrainedEmbedding } from "./embeddings.ts";
import { MODEL_FIT, type ModelFitOptions } from "./fit_options.ts";
import { SESSION, type SessionOptions } from "./model.ts";
import { textTokens } from "./vocabulary_of.ts";

/** Options of `LanguageModel.create`. */
export interface LanguageModelOptions extends SessionOptions {
  /**
   * What a token of the text is: a character, a word (see `Vocabulary.words`), or what a vocabulary or a tokenizer of
   * another library takes for one.
   *
   * @default {"characters"}
   */
  tokens?: "characters" | "words" | Tokenizer;
  /**
   * The recurrent cell of every layer.
   *
   * @default {lstm()}
   */
  cell?: Cell;
  /**
   * Hidden size of every layer, or of each layer, bottom to top.
   *
   * @default {128}
   */
  hidden?: number | readonly number[];
  /**
   * Number of recurrent layers.
   *
   * @default 1, or as many as `hidden` has sizes; 2 without `hidden`
   */
  layers?: number;
  /**
   * Width of a learned embedding, or vectors learned elsewhere.
   *
   * @default no embedding: tokens are one-hot vectors
   */
  embedding?: number | PretrainedEmbedding;
  /**
   * Whether the weight of the decoder is the weight of the embedding (Press & Wolf 2017): see `sequential`. The
   * embedding then is as wide as the output of the last layer, which is its default width.
   *
   * @default {false}
   */
  tied?: boolean;
  /**
   * Rate of dropout on the embedding, if there is one, between layers, and on the input of the decoder (Zaremba,
   * Sutskever & Vinyals 2014).
   *
   * @default {0}
   */
  dropout?: number;
}

/** The options of `LanguageModel.create`. */
export const LANGUAGE_MODEL_OPTIONS = /* @__PURE__ */ extended(SESSION, {
  tokens: [/* @__PURE__ */ textTokens("characters", "words")],
  cell: [cell],
  hidden: [sizes],
  layers: [count],
  embedding: [embedding],
  tied: [flag],
  dropout: [rate, 0],
}) satisfies Table<LanguageModelOptions>;

/** Options of `LanguageModel.fit`. An epoch is a pass over the text. */
export interface FitOptions extends ModelFitOptions {
  /**
   * Number of parallel streams B that the text is cut into.
   *
   * @default 50; fewer of a short text, so that a stream has `unroll` steps
   */
  batch?: number;
  /**
   * Time steps T of back-propagation. The states are carried from window to window.
   *
   * @default {50}
   */
  unroll?: number;
  /**
   * A text to evaluate the model on during the training: for early stopping and to restore the best parameters.
   *
   * @default none
   */
  validation?: string;
  /**
   * What `checkpoint` wrote in a training with the same texts and options. The training continues there, bit for bit.
   *
   * @default the training starts anew
   */
  resume?: Uint8Array | ArrayBuffer;
  /**
   * How often events have statistics of gradients, activations and parameters, before the update.
   *
   * @default never
   */
  statistics?: StatisticsOptions;
  /**
   * The processes that train together, each on its share of the streams: see `fit`.
   *
   * @default this process alone
   */
  world?: World;
}

/** The options of `LanguageModel.fit`. */
export const FIT = /* @__PURE__ */ extended(MODEL_FIT, {
  batch: [count],
  unroll: [count, 50],
  validation: [text],
  resume: [requireBytes],
  statistics: [statistics],
  world: [world],
}) satisfies Table<FitOptions>;

/** The event of `fit` after each step. */
export interface FitEvent {
  /**
   * The kind of event. `"end"` repeats the last step of a training that was suspended when another `fit` began:
   * `reason` says so, and no event follows.
   */
  readonly type: "step" | "end";
  /** Why an event of type `"end"` comes. */
  readonly reason?: "replaced";
  /** In the first event: whether the optimizer has started anew, because the `fit` before had other settings. */
  readonly restarted?: true;
  /** Number of steps so far, from 1. */
  readonly step: number;
  /** Number of steps in all, if nothing ends the training before; Infinity without a limit. */
  readonly steps: number;
  /** Pass over the text, from 1. */
  readonly epoch: number;
  /** Number of tokens so far. */
  readonly tokens: number;
  /** Mean cross-entropy of the step in nats per token, before the update. */
  readonly loss: number;
  /** The loss in bits. */
  readonly bitsPerToken: number;
  /** Norm of all gradients, before clipping. */
  readonly gradientNorm: number;
  /** The learning rate of the optimizer's schedule. */
  readonly learningRate: number;
  /** The statistics; undefined when they are not due. */
  readonly statistics?: Statistics;
}

/** The event of `fit` after each evaluation of the validation text. */
export interface FitEvaluation extends Omit<EvaluationEvent, "metrics"> {
  /** The loss in bits. */
  readonly bitsPerToken: number;
}

/** Evaluation of a language model on a text. */
export interface Evaluation {
  /** Mean cross-entropy in nats per token. */
  readonly loss: number;
  /** The loss in bits. */
  readonly bitsPerToken: number;
  /**
   * Bits of all predicted tokens, divided by the characters (code points) of their text: a figure to compare models of
   * characters and models of words. A `<unk>` costs the bits that say that a word is unknown, not the bits to spell the
   * word: where `unknown` is not 0, a model without unknown words would have a higher figure.
   */
  readonly bitsPerCharacter: number;
  /** exp(loss), per token. */
  readonly perplexity: number;
  /** Number of tokens predicted. */
  readonly tokens: number;
  /** Number of characters of the predicted tokens. */
  readonly characters: number;
  /** Number of predicted tokens that are `<unk>`. */
  readonly unknown: number;
}
