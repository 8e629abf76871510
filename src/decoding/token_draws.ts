import { exp } from "../kernels/real.ts";
import { type Check, count, natural, nonNegative, positive, refuse, signal, type Table } from "../options.ts";
import { Generator } from "../random/generator.ts";
import { turn } from "../runtime/event_loop.ts";
import { mostProbable, sample, truncate } from "../text/sampling.ts";
import { logSoftmax } from "../training/log_softmax.ts";
import type { Vocabulary } from "../text/vocabulary.ts";

/** How tokens are drawn from a distribution. */
export interface DrawOptions {
  /**
   * Divisor of the logits. Below 1 probable tokens become more probable, above 1 less probable; 0 always takes the most
   * probable token.
   *
   * @default {1}
   */
  temperature?: number;
  /**
   * Number of most probable tokens to draw from: see `truncate`.
   *
   * @default all tokens
   */
  topK?: number;
  /**
   * Share of probability to draw from, held by the fewest most probable tokens: see `truncate`.
   *
   * @default 1 (all tokens)
   */
  topP?: number;
  /**
   * Seed of the draws: the same seed draws the same tokens.
   *
   * @default {0}
   */
  seed?: number;
  /**
   * Changes the logits of the next token in place, before `temperature`, `topK` and `topP`. -Infinity bans a token.
   *
   * @default the logits stay as they are
   */
  logits?: LogitsHook;
  /** Ends the work between two tokens or pieces of the prompt, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/**
 * Changes the logits of the next token, `[V]`, in place.
 *
 * @param ids The tokens so far, with those of the prompt.
 */
export type LogitsHook = (logits: Float32Array, ids: readonly number[]) => void;

const hook: Check<LogitsHook> = (name, value) =>
  typeof value === "function" ? value as LogitsHook : refuse(name, "a function", value);

/** The options of every function that draws tokens. */
export const DRAW = {
  temperature: [nonNegative],
  topK: [count],
  topP: [positive],
  seed: [natural],
  logits: [hook],
  signal: [signal],
} satisfies Table<DrawOptions>;

/** A net that reads one token at a time and scores the next one. */
export interface TokenReader {
  /** Read one or more tokens whose successors are known, from `from` on and before `to`. Returns how many. */
  skip(tokens: ArrayLike<number>, from: number, to: number): number;
  /**
   * Read a token and score its successor: logits at temperature 0, else probabilities of any positive sum. Tokens that
   * are never written score -Infinity or 0.
   */
  scores(token: number, temperature: number): Float32Array;
}

/** Options of `drawTokens`. */
export interface DrawTokensOptions extends DrawOptions {
  /** Maximum number of tokens to draw. */
  length: number;
  /** The token that ends the sequence. It is not yielded. */
  end?: number;
  /** Tokens of the prompt that the reader has read before. Default 0. */
  read?: number;
}

/**
 * Draw tokens one by one; each token is the input of the next step. The reader sees all tokens of the prompt, which has
 * at least one, before the first draw. The event loop gets a turn at least every 50 ms.
 *
 * @throws {OptionError} When an option is out of range.
 */
export async function* drawTokens(
  reader: TokenReader,
  prompt: ArrayLike<number>,
  { length, end, temperature = 1, topK, topP, seed = 0, logits: hook, signal, read = 0 }: DrawTokensOptions,
): AsyncGenerator<number, void, void> {
  // `truncate` refuses options out of range; a call of its own refuses them even when nothing is drawn.
  truncate(Float32Array.of(1), { topK, topP });
  const random = new Generator(seed);
  if (length === 0) return;
  const last = prompt.length - 1;
  for (let i = read; i < last;) {
    await turn();
    signal?.throwIfAborted();
    i += reader.skip(prompt, i, last);
  }
  const ids = hook ? Array.from(prompt) : [];
  for (let drawn = 0, token = prompt[last]; drawn < length; drawn++) {
    await turn();
    signal?.throwIfAborted();
    let scores = reader.scores(token, hook ? 0 : temperature);
    if (hook) {
      hook(scores, ids);
      if (temperature > 0) scores = softmax(scores, temperature);
    }
    token = temperature === 0 ? mostProbable(scores) : sample(truncate(scores, { topK, topP }), random.uniform());
    if (token === end) return;
    if (hook) ids.push(token);
    yield token;
  }
}

/** Probabilities from logits divided by the temperature. */
export function softmax(logits: Float32Array, temperature: number): Float32Array {
  return Float32Array.from(logSoftmax(logits.map((logit) => logit / temperature)), exp);
}

/** Ids of the special tokens that are never written. */
export function mutedTokens(vocabulary: Vocabulary): number[] {
  return ["<unk>", "<pad>", "<bos>"].map((token) => vocabulary.id(token)).filter((id) => id !== undefined);
}
