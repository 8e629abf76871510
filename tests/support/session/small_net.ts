import {
  adam,
  clipNorm,
  crossEntropy,
  dense,
  embedding,
  type Layer,
  lstm,
  recurrent,
  sequential,
} from "../../../mod.ts";
import { Generator } from "../../../src/random/generator.ts";

/** Tokens below this go in and come out of the net of the session tests. */
export const VOCABULARY = 11;

/** A small net with something of everything: tokens, two carried states in each of two layers, classes. */
export function smallNet(): Layer {
  return sequential({
    embedding: embedding(VOCABULARY, 5),
    rnn: recurrent(lstm(), { input: 5, hidden: [7, 6] }),
    decoder: dense(6, VOCABULARY),
  });
}

/** How the session tests compile it, if they do not say otherwise. */
export const SMALL = {
  batch: 3,
  steps: 4,
  numerics: "exact",
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  clip: clipNorm(1),
} as const;

/** Seeded tokens and targets of T steps of B rows. */
export function smallData(T: number, B: number, seed = 1): { x: Int32Array; y: Int32Array } {
  const random = new Generator(seed),
    tokens = () => Int32Array.from({ length: T * B }, () => random.integer(VOCABULARY));
  return { x: tokens(), y: tokens() };
}
