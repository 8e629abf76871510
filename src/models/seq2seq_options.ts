import { type Cell, cell } from "../cells/cell.ts";
import { type Check, count, extended, flag, rate, REQUIRED, share, sizes, type Table } from "../options.ts";
import { embedding, type PretrainedEmbedding } from "./embeddings.ts";
import { SAMPLE_FIT, type SampleFitOptions } from "./fit_options.ts";
import { SESSION, type SessionOptions } from "./model.ts";
import { type AttentionKind, type BothSides, eachSide } from "./run/seq2seq.ts";
import { type Sequence, type Tokens, tokens } from "./run/sequences.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** A source and its target. */
export type Pair = readonly [source: Sequence, target: Sequence];

/** Options of `Seq2Seq.create`. */
export interface Seq2SeqOptions extends SessionOptions {
  /** The tokens of the sources. */
  source: Tokens | Tokenizer;
  /** The tokens of the targets. The model adds `<bos>` and `<eos>` where the vocabulary does not have them. */
  target: Tokens | Tokenizer;
  /**
   * The recurrent cell of every layer.
   *
   * @default {lstm()}
   */
  cell?: Cell;
  /**
   * Hidden size of every layer and direction; or a list with the same size for each layer.
   *
   * @default {128}
   */
  hidden?: number | readonly number[];
  /**
   * Number of recurrent layers of the encoder, and of the decoder.
   *
   * @default {1}
   */
  layers?: number;
  /**
   * Whether the encoder also reads against time.
   *
   * @default {true}
   */
  bidirectional?: boolean;
  /**
   * How the decoder attends to the outputs of the encoder: `"bahdanau"`, in the cell of the first layer (see the
   * function of that name); `"dot"` (not with a bidirectional encoder), `"general"` or `"concat"`, on the outputs of
   * the last layer (see `luong`); `"none"`, not at all.
   *
   * @default {"general"}
   */
  attention?: AttentionKind;
  /**
   * Width of the embeddings, or vectors learned elsewhere; one value for both sides or one for each. Begin and end,
   * where the target's vocabulary does not have them, have no pretrained vectors.
   *
   * @default half of the hidden size
   */
  embedding?: number | PretrainedEmbedding | BothSides<number | PretrainedEmbedding>;
  /**
   * Rate of dropout on the embeddings, between layers, and on the input of the last dense layer.
   *
   * @default {0}
   */
  dropout?: number;
  /**
   * Maximum number of tokens of a source and of a target; one value for both sides or one for each.
   *
   * @default {50}
   */
  longest?: number | BothSides<number>;
}

/** The options of `Seq2Seq.create`. */
export const SEQ2SEQ_OPTIONS = /* @__PURE__ */ extended(SESSION, {
  source: [tokens, REQUIRED],
  target: [tokens, REQUIRED],
  cell: [cell],
  hidden: [sizes, 128],
  layers: [count],
  bidirectional: [flag, true],
  attention: [["bahdanau", "dot", "general", "concat", "none"], "general"],
  embedding: [/* @__PURE__ */ eachSide(embedding)],
  dropout: [rate, 0],
  longest: [/* @__PURE__ */ eachSide(count), 50],
}) satisfies Table<Seq2SeqOptions>;

/** Options of `Seq2Seq.fit`. */
export interface Seq2SeqFitOptions extends SampleFitOptions<Pair> {
  /**
   * Pairs of a batch.
   *
   * @default {64}
   */
  batch?: number;
  /**
   * Share of a target that is spread over all tokens: see `crossEntropy`.
   *
   * @default {0}
   */
  labelSmoothing?: number;
  /**
   * Scheduled sampling (Bengio et al. 2015): the probability that the decoder reads a token drawn from its own
   * prediction in the place of the target's token; a number, or a function of the number of updates so far.
   *
   * @default 0: teacher forcing
   */
  sampling?: number | ((step: number) => number);
}

const sampling: Check<number | ((step: number) => number)> = (name, value) =>
  typeof value === "function" ? value as (step: number) => number : share(name, value);

/** The options of `Seq2Seq.fit`. */
export const FIT = /* @__PURE__ */ extended(SAMPLE_FIT, {
  batch: [count, 64],
  labelSmoothing: [share],
  sampling: [sampling, 0],
}) satisfies Table<Seq2SeqFitOptions>;

/** Evaluation of a model on pairs. */
export interface Seq2SeqEvaluation {
  /** Mean cross-entropy in nats per token of the targets, ends included, each predicted from the tokens before it. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  /** Number of tokens predicted. */
  readonly tokens: number;
  /**
   * Error rate of greedy translations: the least number of tokens to insert, delete or replace to make them the targets
   * (Levenshtein distance), divided by the number of the targets' tokens.
   */
  readonly errorRate: number;
  /** Share of the greedy translations that are not the targets. */
  readonly wrong: number;
}
