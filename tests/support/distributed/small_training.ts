/** Data and a net with all that depends on the rows of a batch: lengths, all kinds of dropout, both directions. */
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

/** n sequences of 1 to 9 numbers. The label of a sequence is 1 when its sum is positive. */
export function samples(n: number, seed = 1): Samples {
  const random = new Generator(seed);
  const number = () => random.uniform() * 2 - 1;
  const x = Array.from({ length: n }, () => Array.from({ length: 1 + random.integer(9) }, number));
  return { x, y: x.map((sequence) => Number(sequence.reduce((a, b) => a + b) > 0)) };
}

/** A session of a classifier, for at most 10 rows and 9 steps. */
export function classifier(options: Partial<CompileOptions> = {}): Promise<Session> {
  const dropout = { dropout: 0.3, recurrentDropout: 0.2 };
  const net = sequential({
    rnn: recurrent(gru(), { input: 1, hidden: [6, 5], output: "last", bidirectional: true, ...dropout }),
    decoder: dense(10, 2),
  });
  const training = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), clip: clipNorm(1) };
  return compile(net, { batch: 10, steps: 9, numerics: "exact", seed: 1, ...training, ...options });
}
