import type { Cell } from "../cells/cell.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Clip } from "../training/clip.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { GenerateOptions } from "../decoding/generate.ts";
import type { PretrainedEmbedding } from "./embedding_start.ts";
import type { TrainerOptions } from "../trainer/options.ts";

/** What is said of a sequence before its first token. */
export interface Condition {
  /** One of the model's labels; needed where it has any. */
  label?: string;
  /** As many numbers as the model's `vector` says; needed where it says so. */
  vector?: ArrayLike<number>;
}

/** A sequence: its text, or its tokens, and what is said of it. */
export interface ConditionedText extends Condition {
  /** A text, or the list of its tokens. */
  text: string | readonly string[];
}

/** Options of `SequenceGenerator.create`. */
export interface SequenceGeneratorOptions {
  /** What a token of the texts is: see `TokenKind`. Default `"characters"`. */
  tokens?: "characters" | "words" | "spaced";
  /** The labels that sequences have, one each. Default none: sequences have no label. */
  labels?: readonly string[];
  /** How many numbers each sequence is conditioned on. Default none. */
  vector?: number;
  /** The recurrent cell of every layer. Default `lstm()`. */
  cell?: Cell;
  /** Hidden size of each layer, bottom to top. Default `[128]`. */
  hidden?: readonly number[];
  /** Width of the embedding of tokens and labels, or vectors of tokens learned elsewhere. Default 32. */
  embedding?: number | PretrainedEmbedding;
  /** Rate of dropout on the embeddings, between layers, and on what the logits are made of. Default 0. */
  dropout?: number;
  /** The most tokens of a sequence. Default: those of the longest text given, or 100 with a vocabulary. */
  longest?: number;
  /** Seed of the first parameters, and of dropout. Default 0. */
  seed?: number;
  /** See `compile`. Default `"fast"`. */
  numerics?: Numerics;
  /** See `compile`. Default 1. */
  threads?: number;
}

/** Options of `SequenceGenerator.fit`: its own, and some of the trainer's. */
export interface SequenceGeneratorFitOptions
  extends
    Pick<TrainerOptions, "epochs" | "steps" | "seconds" | "seed" | "bucket" | "patience" | "restoreBest" | "signal"> {
  /** Sequences of a batch. Default 32. */
  batch?: number;
  /** Default `adam({ learningRate: 2e-3 })`. */
  optimizer?: Optimizer;
  /** Default `clipNorm(5)`. */
  clip?: Clip;
  /** Sequences to evaluate on after each epoch, to stop early and to restore the best parameters by. Default none. */
  validation?: readonly (string | ConditionedText)[];
  /** Updates from one evaluation to the next. Default: once an epoch. */
  every?: number;
  /** Where to go on, bit for bit: what `checkpoint` gave in a training with the same data and options. Default: at the start. */
  resume?: Uint8Array;
}

/** Options of `SequenceGenerator.generate`. */
export interface SequenceGenerateOptions
  extends Condition, Pick<GenerateOptions, "temperature" | "topK" | "topP" | "seed"> {
  /** Text that the sequence begins with, or its tokens; not repeated in the output. Default: it begins at its beginning. */
  prompt?: string | readonly string[];
  /** Tokens to write at most, those of the prompt included. Default: the most of a sequence. */
  length?: number;
}

/** How well sequences are predicted, each from its condition on: `SequenceGenerator.evaluate`. */
export interface SequenceGeneratorEvaluation {
  /** Mean cross-entropy in nats per token, ends included. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  /** Tokens predicted, ends included. */
  readonly tokens: number;
  /** Characters (code points) of the texts, ends not included. */
  readonly characters: number;
  /** Bits of all tokens and ends, divided by the characters. */
  readonly bitsPerCharacter: number;
}
