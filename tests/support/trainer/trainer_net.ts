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
} from "../../../mod.ts";
import { Generator } from "../../../src/random/generator.ts";

/** A net that classes sequences, as the trainer's tests compile it if they do not say otherwise. */
export function classifier(options: Partial<CompileOptions> = {}): Promise<Session> {
  const net = sequential({
    rnn: recurrent(gru(), { input: 1, hidden: [6, 5], dropout: 0.2, output: "last" }),
    decoder: dense(5, 2),
  });
  const training = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), clip: clipNorm(1) };
  return compile(net, { batch: 4, steps: 9, numerics: "exact", seed: 1, ...training, ...options });
}

/** Sequences of 1 to 9 steps, and whether their sum is above 0. */
export function sums(n: number, seed = 1): Samples & { x: number[][]; y: number[] } {
  const random = new Generator(seed);
  const x = Array.from(
    { length: n },
    () => Array.from({ length: 1 + random.integer(9) }, () => random.uniform() * 2 - 1),
  );
  return { x, y: x.map((sequence) => Number(sequence.reduce((a, b) => a + b) > 0)) };
}

/** All of a session that training changes. */
export function everything(session: Session) {
  return { parameters: session.parameters(), ...session.trainingState() };
}
