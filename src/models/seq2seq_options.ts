import type { Cell } from "../cells/cell.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Clip } from "../training/clip.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { Tokens } from "./model_file.ts";
import type { PretrainedEmbedding } from "./embedding_start.ts";
import type { TrainerOptions } from "../trainer/options.ts";

/** A sequence: a text or its tokens, as the vocabulary cuts and has them; or ids. */
export type Sequence = string | readonly string[] | ArrayLike<number>;

/** A source and what is to become of it. */
export type Pair = readonly [source: Sequence, target: Sequence];

/** Where a decoder looks, or `"none"`: see `Seq2SeqOptions.attention`. */
export type AttentionKind = "bahdanau" | "dot" | "general" | "concat" | "none";

/** Options of `Seq2Seq.create`. */
export interface Seq2SeqOptions {
  /** The tokens of the sources. */
  source: Tokens;
  /** The tokens of the targets. Begin and end, `<bos>` and `<eos>`, are the model's own where the vocabulary has none. */
  target: Tokens;
  /** The recurrent cell of every layer. Default `lstm()`. */
  cell?: Cell;
  /** Hidden size of every layer and direction. Default 128. */
  hidden?: number;
  /** Recurrent layers of the encoder, and of the decoder. Default 1. */
  layers?: number;
  /** Whether the encoder also reads against time. Default true. */
  bidirectional?: boolean;
  /**
   * How the decoder looks at the encoder's outputs: `"bahdanau"`, in the first layer's cell (see the function of that name); `"dot"`
   * (not with a bidirectional encoder), `"general"` or `"concat"`, on the last layer's outputs (see `luong`); `"none"`,
   * not at all. Default `"general"`.
   */
  attention?: AttentionKind;
  /**
   * Width of the embeddings, or vectors learned elsewhere, of both sides or each. Begin and end, where they are not of the target's
   * vocabulary, have no vector. Default: half of the hidden size.
   */
  embedding?: number | PretrainedEmbedding | {
    readonly source: number | PretrainedEmbedding;
    readonly target: number | PretrainedEmbedding;
  };
  /** Rate of dropout on the embeddings, between layers, and on what the logits are made of. Default 0. */
  dropout?: number;
  /** The most tokens of a source, and of a target. Default 50, of both or each. */
  longest?: number | { readonly source: number; readonly target: number };
  /** Seed of the first parameters, and of dropout. Default 0. */
  seed?: number;
  /** See `compile`. Default `"fast"`. */
  numerics?: Numerics;
  /** See `compile`. Default 1. */
  threads?: number;
}

/** Options of `Seq2Seq.fit`: its own, and some of the trainer's. */
export interface Seq2SeqFitOptions
  extends
    Pick<TrainerOptions, "epochs" | "steps" | "seconds" | "seed" | "bucket" | "patience" | "restoreBest" | "signal"> {
  /** Pairs of a batch. Default 64. */
  batch?: number;
  /** Default `adam({ learningRate: 2e-3 })`. */
  optimizer?: Optimizer;
  /** Default `clipNorm(1)`. */
  clip?: Clip;
  /** The share of a target that goes to all tokens alike: see `crossEntropy`. Default 0. */
  labelSmoothing?: number;
  /**
   * Scheduled sampling (Bengio et al. 2015): the probability that the decoder's next input is not the target's token, but
   * one drawn from what it has just predicted itself; a number, or a function of the updates so far. Default 0:
   * teacher forcing.
   */
  sampling?: number | ((step: number) => number);
  /** Pairs to evaluate the loss on after each epoch, to stop early and to restore the best parameters by. Default none. */
  validation?: readonly Pair[];
  /** Updates from one evaluation to the next. Default: once an epoch. */
  every?: number;
}

/** How long, and when to end: options of `Seq2Seq.translate`. */
export interface TranslateOptions {
  /** Tokens of a translation at most. Default: the most of a target. */
  length?: number;
  /** Ends it between two batches, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** Options of `Seq2Seq.beamSearch`. */
export interface TranslationSearchOptions {
  /** Hypotheses that are kept from token to token, and translations that are returned. Default 5. */
  width?: number;
  /** Tokens of a translation at most. Default: the most of a target. */
  length?: number;
  /** The exponent of the length normalisation: see `beamSearch`. Default 0.6. */
  lengthPenalty?: number;
}

/** What a model has written. */
export interface Translation {
  /** The tokens' ids, without the end. */
  readonly ids: number[];
  /** The same as a text of the target's vocabulary; ids with spaces where it has none. */
  readonly text: string;
  /** Natural logarithm of the probability of these tokens, and of the end, if it is there. */
  readonly logProbability: number;
  /** Whether it ends by itself, and not because it was `length` tokens long. */
  readonly ended: boolean;
}

/** Where a model looked at a source, from token to token of a target. */
export interface Alignment {
  /** The source's tokens. */
  readonly source: string[];
  /** The target's tokens, and `<eos>`. */
  readonly target: string[];
  /** For each token of the target a distribution over those of the source. */
  readonly weights: Float32Array[];
}

/** How well a model does on pairs: `Seq2Seq.evaluate`. */
export interface Seq2SeqEvaluation {
  /** Mean cross-entropy in nats per token of the targets, ends included, each predicted from those before it. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  /** Tokens predicted. */
  readonly tokens: number;
  /**
   * Of greedy translations: the least number of tokens to put in, take out or exchange to make them the targets
   * (Levenshtein distance), divided by the number of the targets' tokens.
   */
  readonly errorRate: number;
  /** The share of greedy translations that are not the targets. */
  readonly wrong: number;
}
