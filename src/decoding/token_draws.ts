import { count, natural, nonNegative, positive, signal, type Table } from "../options.ts";
import { Generator } from "../random/generator.ts";
import { turn } from "../runtime/event_loop.ts";
import { mostProbable, sample, truncate } from "../text/sampling.ts";
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
  /** Ends the work between two tokens or pieces of the prompt, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** The options of every function that draws tokens. */
export const DRAW = {
  temperature: [nonNegative],
  topK: [count],
  topP: [positive],
  seed: [natural],
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
  { length, end, temperature = 1, topK, topP, seed = 0, signal }: DrawTokensOptions,
): AsyncGenerator<number, void, void> {
  // `truncate` refuses options out of range; a call of its own refuses them even when nothing is drawn.
  truncate(Float32Array.of(1), { topK, topP });
  const random = new Generator(seed);
  if (length === 0) return;
  const last = prompt.length - 1;
  for (let i = 0; i < last;) {
    await turn();
    signal?.throwIfAborted();
    i += reader.skip(prompt, i, last);
  }
  for (let drawn = 0, token = prompt[last]; drawn < length; drawn++) {
    await turn();
    signal?.throwIfAborted();
    const scores = reader.scores(token, temperature);
    token = temperature === 0 ? mostProbable(scores) : sample(truncate(scores, { topK, topP }), random.uniform());
    if (token === end) return;
    yield token;
  }
}

/** Ids of the special tokens that are never written. */
export function mutedTokens(vocabulary: Vocabulary): number[] {
  return ["<unk>", "<pad>", "<bos>"].map((token) => vocabulary.id(token)).filter((id) => id !== undefined);
}
