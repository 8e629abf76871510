import type { Cell } from "../cells/cell.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Clip } from "../training/clip.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { PretrainedEmbedding } from "./embedding_start.ts";
import type { StatisticsOptions } from "../trainer/statistics.ts";
import type { EvaluationEvent, Statistics } from "../trainer/events.ts";
import type { World } from "../trainer/options.ts";

/** Options of `LanguageModel.create`. */
export interface LanguageModelOptions {
  /** What a token of the text is: see `TokenKind`. Default `"characters"`. */
  tokens?: "characters" | "words";
  /** The recurrent cell of every layer. Default `lstm()`. */
  cell?: Cell;
  /** Hidden size of each layer, bottom to top. Default `[128, 128]`. */
  hidden?: readonly number[];
  /** Width of a learned embedding, or vectors learned elsewhere. Default none: tokens enter as one-hot vectors. */
  embedding?: number | PretrainedEmbedding;
  /** Seed of the first parameters. Default 0. */
  /**
   * Whether the decoder's weight is that of the embedding (Press & Wolf 2017): see `sequential`. The embedding then is as
   * wide as what the last layer gives, which is its default. Default false.
   */
  tied?: boolean;
  /**
   * Rate of dropout on the embedding, where there is one, between layers, and on what the logits are made of (Zaremba,
   * Sutskever & Vinyals 2014). Default 0.
   */
  dropout?: number;
  /** Seed of the first parameters, and of dropout. Default 0. */
  seed?: number;
  /** See `compile`. Default `"fast"`. */
  numerics?: Numerics;
  /** See `compile`. Default 1. */
  threads?: number;
}

/** Options of `LanguageModel.fit`. */
export interface FitOptions {
  /** Parallel streams B that the text is cut into. Default 50. */
  batch?: number;
  /** Time steps T of back-propagation; the states are carried from window to window. Default 50. */
  unroll?: number;
  /** Passes over the text. Default 1, or no limit when `steps` or `seconds` is given. */
  epochs?: number;
  /** Steps to make, those before `resume` included. Default: no limit but `epochs`. */
  steps?: number;
  /** Wall-clock seconds, evaluations included: see the trainer's option. Default: no limit. */
  seconds?: number;
  /** A text to evaluate on after each epoch, to stop early and to restore the best parameters by. Default none. */
  validation?: string;
  /** Steps from one evaluation to the next. Default: once an epoch. */
  every?: number;
  /** Evaluations in a row that may be no better than the best one before the training is ended. Default: any number. */
  patience?: number;
  /** Whether the parameters of the best evaluation are put back at the end. Default: whether there are evaluations. */
  restoreBest?: boolean;
  /** Where to go on, bit for bit: what `checkpoint` gave in a training with the same texts and options. Default: at the start. */
  resume?: Uint8Array;
  /** Default `adam({ learningRate: 2e-3 })`. */
  optimizer?: Optimizer;
  /** Default `clipNorm(5)`. */
  clip?: Clip;
  /** Say every so many steps how gradients, activations and parameters are, before the update. Default never. */
  statistics?: StatisticsOptions;
  /** The processes that train together, each on its share of the streams: see `fit`. Default: this one alone. */
  world?: World;
  /** Ends the training between two steps, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** What `fit` says after each step. */
export interface FitEvent {
  /** What happened. */
  readonly type: "step";
  /** Steps so far, from 1. */
  readonly step: number;
  /** Steps in all, if nothing ends the training before; Infinity where there is no limit. */
  readonly steps: number;
  /** Pass over the text, from 1. */
  readonly epoch: number;
  /** Tokens seen so far. */
  readonly tokens: number;
  /** Mean cross-entropy of the step in nats per token, before the update. */
  readonly loss: number;
  /** The same in bits. */
  readonly bitsPerToken: number;
  /** Norm of all gradients, before clipping. */
  readonly gradientNorm: number;
  /** The optimizer's, as its schedule makes it. */
  readonly learningRate: number;
  /** When `statistics` are due. */
  readonly statistics?: Statistics;
}

/** What `fit` says of the validation text. */
export interface FitEvaluation extends Omit<EvaluationEvent, "metrics"> {
  /** The loss in bits. */
  readonly bitsPerToken: number;
}

/** How well a text is predicted. */
export interface Evaluation {
  /** Mean cross-entropy in nats per token. */
  readonly loss: number;
  /** The same in bits. */
  readonly bitsPerToken: number;
  /**
   * Bits of all predicted tokens, divided by the characters (code points) of their text: by this, models of characters
   * and of words can be compared. A `<unk>` costs what it costs to say that the word is unknown, not what it would cost
   * to spell it: where `unknown` is not 0, the figure of a model without unknown words is higher by that.
   */
  readonly bitsPerCharacter: number;
  /** exp(loss): per token. */
  readonly perplexity: number;
  /** Tokens predicted. */
  readonly tokens: number;
  /** Characters of their text. */
  readonly characters: number;
  /** How many of the tokens were `<unk>`. */
  readonly unknown: number;
}
