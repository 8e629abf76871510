/**
 * The least number of elements to put in, take out or exchange to make one sequence the other (Levenshtein 1966): what error rates
 * of words, phonemes and characters count.
 *
 * @example
 * ```ts
 * import { editDistance } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(editDistance([..."kitten"], [..."sitting"]), 3);
 * ```
 */
export function editDistance<Element>(a: ArrayLike<Element>, b: ArrayLike<Element>): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1, diagonal = row[0]++; j <= b.length; j++) {
      const exchanged = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = Math.min(exchanged, row[j] + 1, row[j - 1] + 1);
    }
  }
  return row[b.length];
}
