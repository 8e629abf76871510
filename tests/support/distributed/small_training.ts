/** A training with everything that depends on rows: lengths, dropout of all kinds, both directions. */
import {
  adam,
  clipNorm,
  compile,
  type CompileOptions,
  crossEntropy,
  dense,
  gru,
  recurrent,
  type Samples,
  sequential,
  type Session,
} from "@unroll/rnn";
import { Generator } from "../../../src/random/generator.ts";

/** Sequences of 1 to 9 steps, and whether their sum is above 0. */
export function samples(n: number, seed = 1): Samples {
  const random = new Generator(seed);
  const x = Array.from(
    { length: n },
    () => Array.from({ length: 1 + random.integer(9) }, () => random.uniform() * 2 - 1),
  );
  return { x, y: x.map((sequence) => Number(sequence.reduce((a, b) => a + b) > 0)) };
}

/** The net, for batches of 10 or a share of them. */
export function classifier(options: Partial<CompileOptions> = {}): Promise<Session> {
  const dropped = { dropout: 0.3, recurrentDropout: 0.2, bidirectional: true };
  const net = sequential({
    rnn: recurrent(gru(), { input: 1, hidden: [6, 5], output: "last", ...dropped }),
    decoder: dense(10, 2),
  });
  const training = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), clip: clipNorm(1) };
  return compile(net, { batch: 10, steps: 9, numerics: "exact", seed: 1, ...training, ...options });
}
