import { NonFiniteError, OptionError, requireInteger } from "../errors.ts";
import { type Names, requireKnown } from "../options.ts";

/**
 * Samples a token: the first token whose cumulative probability exceeds u times the sum of all probabilities.
 *
 * @param probabilities For each token. They need not add up to 1.
 * @param u A uniform random number in [0, 1).
 * @throws {NonFiniteError} When the sum of the probabilities is not a positive finite number.
 *
 * @example
 * ```ts
 * import { sample } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sample([0.2, 0.5, 0.3], 0.6), 1);
 * assertEquals(sample([0, 0.5, 0.3], 0.6), 1);
 * ```
 */
export function sample(probabilities: ArrayLike<number>, u: number): number {
  let total = 0;
  for (let i = 0; i < probabilities.length; i++) total += probabilities[i];
  if (!(total > 0 && total < Infinity)) {
    throw new NonFiniteError(`Cannot sample: the probabilities must have a positive finite sum, got ${total}`);
  }
  // The same sums in the same order as above: the last sum is `total`, which u * total does not reach because u < 1.
  let sum = 0, i = 0;
  while ((sum += probabilities[i]) <= u * total && i < probabilities.length - 1) i++;
  return i;
}

/** The index of the largest score, the first one of equal scores: greedy decoding. */
export function mostProbable(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** The tokens that `truncate` keeps. */
export interface Truncation {
  /**
   * The number of most probable tokens to keep (Fan et al. 2018), an integer of at least 1.
   *
   * @default All tokens.
   */
  topK?: number;
  /**
   * The nucleus of Holtzman et al. 2020: of these tokens, the fewest most probable ones whose share of the probability
   * is at least `topP`, which is above 0 and at most 1.
   *
   * @default 1
   */
  topP?: number;
}

const TRUNCATION: Names<Truncation> = { topK: true, topP: true };

/**
 * A copy of a distribution in which improbable tokens have probability 0. The other probabilities stay unchanged, so
 * that their sum may be below 1, which `sample` allows. Of equally probable tokens the first are kept.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { truncate } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const probabilities = Float32Array.of(0.125, 0.5, 0.25, 0.125);
 * assertEquals(truncate(probabilities, { topK: 3 }), Float32Array.of(0.125, 0.5, 0.25, 0));
 * assertEquals(truncate(probabilities, { topP: 0.7 }), Float32Array.of(0, 0.5, 0.25, 0));
 * ```
 */
export function truncate(probabilities: Float32Array, options: Truncation): Float32Array {
  requireKnown("truncate", TRUNCATION, options);
  const { topK, topP = 1 } = options;
  if (topK !== undefined) requireInteger("topK", topK, 1);
  if (!(topP > 0 && topP <= 1)) throw new OptionError(`"topP" must be a number > 0 and <= 1, got ${topP}`);
  if (topK === undefined && topP === 1) return probabilities.slice();
  // Only the probabilities are sorted. The smallest kept probability, and how many tokens with it are kept, suffice.
  const sorted = probabilities.slice().sort().reverse().subarray(0, topK);
  const needed = topP * sorted.reduce((sum, p) => sum + p, 0);
  let kept = 0;
  for (let sum = 0; kept < sorted.length && sum < needed; kept++) sum += sorted[kept];
  const threshold = sorted[kept - 1];
  let equal = 0;
  for (let i = kept - 1; i >= 0 && sorted[i] === threshold; i--) equal++;
  return probabilities.map((p) => p > threshold || p === threshold && equal-- > 0 ? p : 0);
}
