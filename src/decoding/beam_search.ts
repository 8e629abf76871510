import { OptionError, requireInteger, requireNumber } from "../errors.ts";
import { exp, log } from "../kernels/real.ts";
import { logSoftmax } from "../training/log_softmax.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import type { Stream } from "../runtime/stream.ts";

/** Options of `beamSearch`. */
export interface BeamSearchOptions {
  /** Tokens of a continuation at most. */
  length: number;
  /** Tokens that end a continuation, and belong to it. Default none. */
  stop?: readonly number[];
  /** Tokens that are never taken. Default none. */
  without?: readonly number[];
  /** The exponent alpha of the length normalisation, at least 0. Default 0.6. */
  lengthPenalty?: number;
}

/** A continuation that a beam search found. */
export interface Hypothesis {
  /** What follows the prompt, with the stop token if it ends in one. */
  readonly tokens: number[];
  /** Natural logarithm of the probability of these tokens after the prompt. */
  readonly logProbability: number;
  /** `logProbability` divided by ((5 + n) / 6)^alpha, n the number of tokens. */
  readonly score: number;
}

/** A continuation that goes on; its states are those of a row of the stream. */
interface Live {
  readonly tokens: number[];
  readonly logProbability: number;
  readonly row: number;
}

/**
 * Probable continuations of a prompt, by beam search over a stream of a net whose outputs are the logits of the next
 * token. The stream's rows are the width of the beam: at each step the hypotheses with one more token are taken in the
 * order of their probability, until so many go on; those among them that end in a stop token, or are `length` tokens
 * long, are finished. Returned are the best of them, at most so many, by the normalised score of Wu et al. 2016
 * (equation 14): log P / ((5 + n) / 6)^alpha, without which short ones win. It ends as soon as nothing that goes on can
 * become better. A beam as wide as there are sequences finds the best of all; a width of 1 with alpha 0 is greedy.
 *
 * A stream is anything that has rows and steps as one: the `Decoder` of an encoder-decoder too, whose rows then read one source.
 *
 * The search goes on from the states of the stream's row 0, and leaves those of its last step. The event loop has its
 * turn at least every 50 ms.
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
 * using session = await compile(net, { batch: 3, steps: 1 });
 * const [best, second] = await beamSearch(session.stream({ batch: 3 }), [1, 2], { length: 4, stop: [0] });
 * assert(best.score >= second.score);
 * assert(best.tokens.length === 4 || best.tokens.at(-1) === 0);
 * ```
 */
export async function beamSearch(
  stream: Pick<Stream, "batch" | "step" | "select">,
  prompt: ArrayLike<number>,
  { length, stop = [], without = [], lengthPenalty = 0.6 }: BeamSearchOptions,
): Promise<Hypothesis[]> {
  requireInteger("length", length, 1);
  requireNumber("lengthPenalty", lengthPenalty, 0);
  if (prompt.length === 0) throw new OptionError(`Cannot search: "prompt" must have at least one token, got none`);
  const width = stream.batch,
    output: Output = { rows: new Float32Array(), stop: new Set(stop), without: new Set(without) };
  const finished: Hypothesis[] = [];
  function finish({ tokens, logProbability }: Live): void {
    finished.push({ tokens, logProbability, score: logProbability / penalty(tokens.length, lengthPenalty) });
  }
  using loop = new EventLoop();
  for (let i = 0; i < prompt.length; i++) output.rows = stream.step(new Int32Array(width).fill(prompt[i]));
  let live: Live[] = [{ tokens: [], logProbability: 0, row: 0 }];
  for (let n = 1;; n++) {
    const { going, ended } = extend(live, width, output);
    ended.forEach(finish);
    if (n === length) going.forEach(finish);
    finished.sort((a, b) => b.score - a.score).splice(width);
    // Probabilities only fall, and the divisor is largest at the end: no score will be above this.
    const bound = going.length > 0 ? going[0].logProbability / penalty(length, lengthPenalty) : -Infinity;
    if (n === length || going.length === 0 || finished[width - 1]?.score >= bound) return finished;
    await loop.turn();
    const rows = Array.from({ length: width }, (_, b) => going[b] ?? going[0]);
    stream.select(rows.map(({ row }) => row));
    output.rows = stream.step(rows.map(({ tokens }) => tokens[tokens.length - 1]));
    live = going.map((hypothesis, row) => ({ ...hypothesis, row }));
  }
}

/** Logits of the next tokens, `[width, V]`, and what tokens are special. */
interface Output {
  rows: Float32Array;
  readonly stop: ReadonlySet<number>;
  readonly without: ReadonlySet<number>;
}

/** The hypotheses with one more token, the most probable first: at most `width` that go on, and what ended before. */
function extend(
  live: readonly Live[],
  width: number,
  { rows, stop, without }: Output,
): { going: Live[]; ended: Live[] } {
  const V = rows.length / width, going: Live[] = [], ended: Live[] = [];
  let worst = -Infinity;
  for (const { tokens, logProbability, row } of live) {
    const values = logSoftmax(rows.subarray(row * V, (row + 1) * V));
    for (let token = 0; token < V; token++) {
      const p = logProbability + values[token];
      if (p <= worst || without.has(token)) continue;
      const next = { tokens: [...tokens, token], logProbability: p, row };
      if (stop.has(token)) {
        ended.push(next);
        continue;
      }
      const place = going.findIndex((other) => other.logProbability < p);
      going.splice(place < 0 ? going.length : place, 0, next);
      if (going.length > width) going.pop();
      if (going.length === width) worst = going[width - 1].logProbability;
    }
  }
  return { going, ended: ended.filter((hypothesis) => hypothesis.logProbability > worst) };
}

/** ((5 + n) / 6)^alpha */
function penalty(n: number, alpha: number): number {
  return exp(alpha * log((5 + n) / 6));
}
