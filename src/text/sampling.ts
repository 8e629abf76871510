/**
 * The token that a number u in [0, 1) picks from a distribution: the first whose cumulated probability is above u.
 *
 * @example
 * ```ts
 * import { sample } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sample([0.2, 0.5, 0.3], 0.6), 1);
 * ```
 */
export function sample(probabilities: ArrayLike<number>, u: number): number {
  let total = 0;
  for (let i = 0; i < probabilities.length; i++) {
    total += probabilities[i];
    if (u < total) return i;
  }
  // Rounding may leave the total a little below 1: the rest belongs to the most probable token.
  return mostProbable(probabilities);
}

/** The first of the largest elements: greedy decoding. */
export function mostProbable(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}
