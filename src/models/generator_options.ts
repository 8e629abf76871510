import type { Tokenizer } from "../text/tokenizer.ts";
import { textTokens } from "./vocabulary_of.ts";
import { type Cell, cell } from "../cells/cell.ts";
import { requireBytes } from "../errors.ts";
import { count, list, rate, sizeList, type Table, texts } from "../options.ts";
import { TRAINER, type TrainerOptions } from "../trainer/options.ts";
import { type Clip, clip } from "../training/clip.ts";
import { type Optimizer, optimizer } from "../training/optimizers/optimizer.ts";
import { embedding, type PretrainedEmbedding } from "./embeddings.ts";
import { SESSION, type SessionOptions } from "./model.ts";
import type { Condition } from "./run/generator_codec.ts";

/** A sequence: its text, or the list of its tokens, and its condition. */
export interface ConditionedText extends Condition {
  /** A text, or the list of its tokens. */
  text: string | readonly string[];
}

/** Options of `SequenceGenerator.create`. */
export interface SequenceGeneratorOptions extends SessionOptions {
  /**
   * What a token of the texts is: a character, a word (see `Vocabulary.words`), the text between white space, or what a
   * vocabulary or a tokenizer of another library takes for one.
   *
   * @default {"characters"}
   */
  tokens?: "characters" | "words" | "spaced" | Tokenizer;
  /**
   * The labels that sequences have, one each.
   *
   * @default sequences have no labels
   */
  labels?: readonly string[];
  /**
   * Numbers that each sequence is conditioned on.
   *
   * @default sequences are conditioned on no numbers
   */
  vector?: number;
  /**
   * The recurrent cell of every layer.
   *
   * @default {lstm()}
   */
  cell?: Cell;
  /**
   * Hidden size of each layer, bottom to top; a number is the size of one layer.
   *
   * @default {[128]}
   */
  hidden?: number | readonly number[];
  /**
   * Width of the embedding of tokens and labels, or vectors of the tokens learned elsewhere.
   *
   * @default {32}
   */
  embedding?: number | PretrainedEmbedding;
  /**
   * Rate of dropout on the embeddings, between layers, and on the input of the last dense layer.
   *
   * @default {0}
   */
  dropout?: number;
  /**
   * Maximum number of tokens of a sequence.
   *
   * @default the tokens of the longest text; 100 when a vocabulary is given
   */
  longest?: number;
}

/** The options of `SequenceGenerator.create`. */
export const GENERATOR_OPTIONS = {
  ...SESSION,
  tokens: [textTokens("characters", "words", "spaced")],
  labels: [texts, []],
  vector: [count],
  cell: [cell],
  hidden: [sizeList, [128]],
  embedding: [embedding, 32],
  dropout: [rate, 0],
  longest: [count],
} satisfies Table<SequenceGeneratorOptions>;

/** Options of `SequenceGenerator.fit`: those of the model, and some of the trainer. */
export interface SequenceGeneratorFitOptions
  extends
    Pick<TrainerOptions, "epochs" | "steps" | "seconds" | "seed" | "bucket" | "patience" | "restoreBest" | "signal"> {
  /**
   * Sequences of a batch.
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
   * @default {clipNorm(5)}
   */
  clip?: Clip;
  /**
   * Sequences to evaluate the model on during the training: for early stopping and to restore the best parameters.
   *
   * @default none
   */
  validation?: readonly (string | ConditionedText)[];
  /**
   * Updates from one evaluation to the next.
   *
   * @default once an epoch
   */
  every?: number;
  /**
   * What `checkpoint` wrote in a training with the same data and options. The training continues there, bit for bit.
   *
   * @default the training starts anew
   */
  resume?: Uint8Array | ArrayBuffer;
}

const { epochs, steps, seconds, seed, bucket, patience, restoreBest, signal } = TRAINER;

/** The options of `SequenceGenerator.fit`. */
export const FIT = {
  epochs,
  steps,
  seconds,
  seed,
  bucket,
  patience,
  restoreBest,
  signal,
  batch: [count, 32],
  optimizer: [optimizer],
  clip: [clip],
  validation: [list],
  every: [count],
  resume: [requireBytes],
} satisfies Table<SequenceGeneratorFitOptions>;

/** Evaluation of a generator: each sequence is predicted from its condition on. */
export interface SequenceGeneratorEvaluation {
  /** Mean cross-entropy in nats per token, ends included. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  /** Number of tokens predicted, ends included. */
  readonly tokens: number;
  /** Number of characters (code points) of the texts, without ends. */
  readonly characters: number;
  /** Bits of all tokens and ends, divided by the characters. */
  readonly bitsPerCharacter: number;
}
