/** A training with dropout, carried states and evaluations. */
import {
  adam,
  type Batch,
  compile,
  crossEntropy,
  dense,
  fit,
  gru,
  oneHot,
  recurrent,
  sequential,
  type World,
} from "@unroll/rnn";
import { digest } from "../../../src/distributed/digest.ts";

/** What a training gives. */
export interface Result {
  readonly losses: number[];
  readonly evaluations: number[];
  /** The carried states of all rows. */
  readonly states: number[][];
  readonly parameters: string;
}

/**
 * Train for 7 updates, which end in the middle of an epoch.
 *
 * @param B The rows of a batch, of all ranks together.
 */
export async function train(B: number, world?: World): Promise<Result> {
  const net = sequential({
    input: oneHot(5),
    rnn: recurrent(gru(), { input: 5, hidden: [6, 6], dropout: 0.3 }),
    output: dense(6, 5),
  });
  const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), seed: 3 };
  using session = await compile(net, { batch: B, steps: 4, numerics: "exact", ...learning });
  // The parameters of other ranks than 0 do not matter: `begin` replaces them.
  if (world?.rank) {
    const zeros = Array.from(session.parameters(), ([name, { shape, data }]) => {
      return [name, { shape, data: data.map(() => 0) }] as const;
    });
    session.setParameters(new Map(zeros));
  }
  const tokens = Int32Array.from({ length: 5 * B }, (_, i) => (i * i + 3) % 5);
  const batch = { x: tokens.subarray(0, 4 * B), y: tokens.subarray(B), batch: B };
  const evaluate = { data: [batch], every: 3 };
  const options = { carry: true, steps: 7, evaluate, restoreBest: false, world };
  const training = fit(session, () => new Array<Batch>(10).fill(batch), options);
  const losses: number[] = [];
  const evaluations: number[] = [];
  for await (const event of training) {
    if (event.type === "step") losses.push(event.loss);
    if (event.type === "evaluation") evaluations.push(event.loss);
  }
  const states = Array.from(training.tensors().values(), ({ data }) => [...data]);
  const parameters = Array.from(session.parameters().values(), ({ data }) => digest(data as Float32Array)).join();
  return { losses, evaluations, states, parameters };
}
