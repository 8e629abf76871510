import { OptionError } from "../errors.ts";
import { anything, count, nonNegative, readOptions, REQUIRED, signal, type Table } from "../options.ts";
import { exp, log } from "../kernels/real.ts";
import { turn } from "../runtime/event_loop.ts";
import type { Stream } from "../runtime/stream.ts";
import { logSoftmax } from "../training/log_softmax.ts";

/** Options of `beamSearch`. */
export interface BeamSearchOptions {
  /** Maximum number of tokens of a continuation. */
  length: number;
  /**
   * Tokens that end a continuation and belong to the continuation.
   *
   * @default none
   */
  stop?: readonly number[];
  /**
   * Tokens that no continuation contains.
   *
   * @default none
   */
  without?: readonly number[];
  /**
   * Exponent alpha of the length normalisation, at least 0.
   *
   * @default {0.6}
   */
  lengthPenalty?: number;
  /** Ends the search between two steps, with the signal's reason as the error. */
  signal?: AbortSignal;
}

const BEAM_SEARCH = {
  length: [count, REQUIRED],
  stop: [anything, []],
  without: [anything, []],
  lengthPenalty: [nonNegative, 0.6],
  signal: [signal],
} satisfies Table<BeamSearchOptions>;

/** A continuation that a beam search found. */
export interface Hypothesis {
  /** The tokens after the prompt, including the stop token if there is one. */
  readonly tokens: number[];
  /** Natural logarithm of the probability of `tokens` after the prompt. */
  readonly logProbability: number;
  /** `logProbability` divided by ((5 + n) / 6)^alpha, where n is the number of tokens. */
  readonly score: number;
}

/** A continuation that is not finished. Row `row` of the stream has its states. */
interface OpenHypothesis {
  readonly tokens: number[];
  readonly logProbability: number;
  readonly row: number;
}

/**
 * Search for probable continuations of a prompt by beam search. The outputs of the net are the logits of the next
 * token.
 *
 * The rows of the stream are the width of the beam. At each step, all hypotheses with one more token are taken in the
 * order of their probability until `width` of them are open; a hypothesis is finished by a stop token or at `length`
 * tokens. The result is the best finished hypotheses, at most `width`, by the normalised score log P / ((5 + n) /
 * 6)^alpha of Wu et al. 2016 (equation 14); without normalisation short continuations win. The search ends as soon as
 * no open hypothesis can enter the result. A beam as wide as the number of sequences finds the best of all sequences;
 * width 1 with alpha 0 is greedy.
 *
 * `stream` may also be the `Decoder` of an encoder-decoder, whose rows then read the same source. The search starts
 * from the states of row 0 and leaves the states of its last step. The event loop gets a turn at least every 50 ms.
 *
 * @throws {OptionError} When the prompt is empty, or a number is out of its range.
 * @throws {NonFiniteError} When outputs are not finite.
 *
 * @example
 * ```ts
 * import { beamSearch, compile, dense, elman, oneHot, recurrent, sequential } from "@unroll/rnn";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const net = sequential({
 *   input: oneHot(5),
 *   rnn: recurrent(elman(), { input: 5, hidden: 8 }),
 *   output: dense(8, 5),
 * });
 * const session = await compile(net, { batch: 3, steps: 1 });
 * const [best, second] = await beamSearch(session.stream({ batch: 3 }), [1, 2], { length: 4, stop: [0] });
 * assert(best.score >= second.score);
 * assert(best.tokens.length === 4 || best.tokens.at(-1) === 0);
 * session.dispose();
 * ```
 */
export async function beamSearch(
  stream: Pick<Stream, "batch" | "step" | "select">,
  prompt: ArrayLike<number>,
  options: BeamSearchOptions,
): Promise<Hypothesis[]> {
  const { length, stop, without, lengthPenalty, signal } = readOptions("beamSearch", BEAM_SEARCH, options);
  if (prompt.length === 0) throw new OptionError(`Cannot search: "prompt" must have at least one token, got none`);
  const width = stream.batch;
  const tokens = { stop: new Set<number>(stop), without: new Set<number>(without) };
  const finished: Hypothesis[] = [];
  function finish({ tokens, logProbability }: OpenHypothesis): void {
    finished.push({ tokens, logProbability, score: logProbability / divisor(tokens.length, lengthPenalty) });
  }
  let logits: Float32Array = new Float32Array();
  for (let i = 0; i < prompt.length; i++) {
    await turn();
    signal?.throwIfAborted();
    logits = stream.step(new Int32Array(width).fill(prompt[i]));
  }
  let open: OpenHypothesis[] = [{ tokens: [], logProbability: 0, row: 0 }];
  for (let n = 1;; n++) {
    const extended = extend(open, width, logits, tokens);
    extended.ended.forEach(finish);
    if (n === length) extended.open.forEach(finish);
    finished.sort((a, b) => b.score - a.score).splice(width);
    // Probabilities only fall, and the divisor is largest at the end: no open hypothesis can score higher than this.
    const bound = extended.open.length > 0
      ? extended.open[0].logProbability / divisor(length, lengthPenalty)
      : -Infinity;
    if (n === length || extended.open.length === 0 || finished[width - 1]?.score >= bound) return finished;
    await turn();
    signal?.throwIfAborted();
    // Rows without a hypothesis of their own repeat the first one; `open` leaves them out.
    const rows = Array.from({ length: width }, (_, b) => extended.open[b] ?? extended.open[0]);
    stream.select(rows.map(({ row }) => row));
    logits = stream.step(rows.map(({ tokens }) => tokens[tokens.length - 1]));
    open = extended.open.map((hypothesis, row) => ({ ...hypothesis, row }));
  }
}

/**
 * All hypotheses with one more token, from `logits`, `[width, V]`, of the next tokens: the `width` most probable open
 * ones, in the order of their probability, and the ended ones that are more probable than the last of these.
 */
function extend(
  hypotheses: readonly OpenHypothesis[],
  width: number,
  logits: Float32Array,
  { stop, without }: { stop: ReadonlySet<number>; without: ReadonlySet<number> },
): { open: OpenHypothesis[]; ended: OpenHypothesis[] } {
  const V = logits.length / width;
  const open: OpenHypothesis[] = [];
  const ended: OpenHypothesis[] = [];
  let worst = -Infinity;
  for (const { tokens, logProbability, row } of hypotheses) {
    const values = logSoftmax(logits.subarray(row * V, (row + 1) * V));
    for (let token = 0; token < V; token++) {
      const p = logProbability + values[token];
      if (p <= worst || without.has(token)) continue;
      const next = { tokens: [...tokens, token], logProbability: p, row };
      if (stop.has(token)) {
        ended.push(next);
        continue;
      }
      const place = open.findIndex((other) => other.logProbability < p);
      open.splice(place < 0 ? open.length : place, 0, next);
      if (open.length > width) open.pop();
      if (open.length === width) worst = open[width - 1].logProbability;
    }
  }
  return { open, ended: ended.filter((hypothesis) => hypothesis.logProbability > worst) };
}

/** ((5 + n) / 6)^alpha */
function divisor(n: number, alpha: number): number {
  return exp(alpha * log((5 + n) / 6));
}
