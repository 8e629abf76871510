/**
 * The edit distance of two sequences (Levenshtein 1966): the minimum number of elements to insert, delete or substitute
 * to turn one into the other. The error rates of words, phonemes and characters are based on it.
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
      const substituted = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = Math.min(substituted, row[j] + 1, row[j - 1] + 1);
    }
  }
  return row[b.length];
}
