import { NonFiniteError, OptionError, requireInteger } from "../errors.ts";

/**
 * The token that a number u in [0, 1) picks from a distribution: the first whose cumulated probability is above u times
 * the sum of all. They need not add up to 1.
 *
 * @throws {NonFiniteError} When the sum is not a positive finite number: there is nothing to pick from.
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
  // The same sums in the same order: the last one is the total, which u, being below 1, does not reach.
  let sum = 0, i = 0;
  while ((sum += probabilities[i]) <= u * total && i < probabilities.length - 1) i++;
  return i;
}

/** The first of the largest elements: greedy decoding. */
export function mostProbable(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** What `truncate` keeps. */
export interface Truncation {
  /** So many of the most probable tokens (Fan et al. 2018), an integer of at least 1. Default all. */
  topK?: number;
  /**
   * Of these, the fewest of the most probable whose share is at least this (the nucleus of Holtzman et al. 2020), above
   * 0 and at most 1. Default 1.
   */
  topP?: number;
}

/**
 * A distribution without its improbable tokens: a copy in which they have probability 0, the others what they had. Of
 * equally probable tokens the first are kept. The sum is below 1 then, which `sample` allows for.
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
export function truncate(probabilities: Float32Array, { topK, topP = 1 }: Truncation): Float32Array {
  if (topK !== undefined) requireInteger("topK", topK, 1);
  if (!(topP > 0 && topP <= 1)) throw new OptionError(`"topP" must be a number > 0 and <= 1, got ${topP}`);
  if (topK === undefined && topP === 1) return probabilities.slice();
  // The numbers are sorted, not the tokens: a threshold, and how many equal it, say which are kept.
  const sorted = probabilities.slice().sort().reverse().subarray(0, topK);
  const needed = topP * sorted.reduce((sum, p) => sum + p, 0);
  let kept = 0;
  for (let sum = 0; kept < sorted.length && sum < needed; kept++) sum += sorted[kept];
  const threshold = sorted[kept - 1];
  let equal = 0;
  for (let i = kept - 1; i >= 0 && sorted[i] === threshold; i--) equal++;
  return probabilities.map((p) => p > threshold || p === threshold && equal-- > 0 ? p : 0);
}
