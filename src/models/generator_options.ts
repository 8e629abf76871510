import type { Tokenizer } from "../text/tokenizer.ts";
import { textTokens } from "./vocabulary_of.ts";
import { type Cell, cell } from "../cells/cell.ts";
import { requireBytes } from "../errors.ts";
import { count, extended, rate, sizes, type Table, texts } from "../options.ts";
import { embedding, type PretrainedEmbedding } from "./embeddings.ts";
import { SAMPLE_FIT, type SampleFitOptions } from "./fit_options.ts";
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
   * Hidden size of every layer, or of each layer, bottom to top.
   *
   * @default {128}
   */
  hidden?: number | readonly number[];
  /**
   * Number of recurrent layers.
   *
   * @default 1, or as many as `hidden` has sizes
   */
  layers?: number;
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
export const GENERATOR_OPTIONS = /* @__PURE__ */ extended(SESSION, {
  tokens: [/* @__PURE__ */ textTokens("characters", "words", "spaced")],
  labels: [texts, []],
  vector: [count],
  cell: [cell],
  hidden: [sizes, 128],
  layers: [count],
  embedding: [embedding, 32],
  dropout: [rate, 0],
  longest: [count],
}) satisfies Table<SequenceGeneratorOptions>;

/** Options of `SequenceGenerator.fit`. */
export interface SequenceGeneratorFitOptions extends SampleFitOptions<string | ConditionedText> {
  /**
   * What `checkpoint` wrote in a training with the same data and options. The training continues there, bit for bit.
   *
   * @default the training starts anew
   */
  resume?: Uint8Array | ArrayBuffer;
}

/** The options of `SequenceGenerator.fit`. */
export const FIT = /* @__PURE__ */ extended(SAMPLE_FIT, { resume: [requireBytes] }) satisfies Table<
  SequenceGeneratorFitOptions
>;

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
