import type { Batch, Generator } from "@unroll/rnn";

/**
 * Draws a batch of the adding problem (Hochreiter & Schmidhuber 1997), as Arjovsky, Shah & Bengio (2016) state it.
 * x `[T, B, 2]`: a number from 0 to 1, and a mark, which is 1 at one step of each half of the sequence and else 0.
 * y `[B, 1]`: the sum of the two marked numbers. The best constant answer, 1, has the mean squared error 1/6 = 0.1667,
 * the variance of the sum.
 */
export function addingProblem(random: Generator, T: number, B: number): Batch {
  const x = new Float32Array(T * B * 2);
  const y = new Float32Array(B);
  const half = Math.floor(T / 2);
  for (let i = 0; i < x.length; i += 2) x[i] = random.uniform();
  for (let b = 0; b < B; b++) {
    for (const t of [random.integer(half), half + random.integer(T - half)]) {
      x[(t * B + b) * 2 + 1] = 1;
      y[b] += x[(t * B + b) * 2];
    }
  }
  return { x, y, batch: B };
}
