/**
 * Trains a small net on all ranks: `train_small.ts samples`, `train_small.ts text` or `train_small.ts resume <file>`.
 * Rank 0 prints the result as JSON. `resume` makes 7 updates from the checkpoint in the file, or from the start when
 * there is no file, and saves a checkpoint.
 */
import {
  adam,
  type Batch,
  compile,
  crossEntropy,
  dense,
  fit,
  gru,
  LanguageModel,
  oneHot,
  recurrent,
  sequential,
  type Session,
  type TensorCopy,
  type TrainerState,
  type TrainingData,
} from "@unroll/rnn";
import { saveFile } from "@unroll/rnn/files";
import { init } from "@unroll/rnn/mpi";
import { digest } from "../../../src/distributed/digest.ts";
import { classifier, samples } from "../distributed/small_training.ts";

const [task, file] = Deno.args;
using world = init();
const losses: number[] = [];
const evaluations: number[] = [];

function zeros([name, { shape, data }]: [string, TensorCopy]): [string, TensorCopy] {
  return [name, { shape, data: data.map(() => 0) }];
}

/** The digest of each parameter. */
function hash(session: Session): string {
  return [...session.parameters().values()].map(({ data }) => digest(data)).join();
}

/** Print the result, on rank 0. */
function printResult(more: object): void {
  if (world.rank === 0) console.log(JSON.stringify({ size: world.size, losses, evaluations, ...more }));
}

if (task === "samples") {
  using session = await classifier();
  // The parameters of other ranks than 0 do not matter: `begin` replaces them.
  if (world.rank) session.setParameters(new Map(Array.from(session.parameters(), zeros)));
  // 33 samples in batches of 8: the last batch has a single row.
  const evaluate = { data: samples(9, 2) };
  const options = { batch: 8, epochs: 4, accumulate: 2, evaluate, patience: 2 };
  for await (const event of fit(session, samples(33), { ...options, world })) {
    if (event.type === "step") losses.push(event.loss);
    if (event.type === "evaluation") evaluations.push(event.loss);
  }
  printResult({ hash: hash(session) });
} else if (task === "text") {
  const text = "she sells sea shells by the sea shore. ".repeat(40);
  using model = await LanguageModel.create(text, { cell: gru(), hidden: [16], numerics: "exact" });
  let tokens = 0;
  for await (const event of model.fit(text, { batch: 7, unroll: 10, epochs: 2, world })) {
    losses.push(event.loss);
    tokens = event.tokens;
  }
  printResult({ tokens, bits: (await model.evaluate(text)).bitsPerToken });
} else if (task === "resume") {
  const net = sequential({
    input: oneHot(5),
    rnn: recurrent(gru(), { input: 5, hidden: [6, 6], dropout: 0.3 }),
    output: dense(6, 5),
  });
  const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), seed: 3 };
  using session = await compile(net, { batch: 6, steps: 4, numerics: "exact", ...learning });
  const tokens = Int32Array.from({ length: 30 }, (_, i) => (i * i + 3) % 5);
  const batch: Batch = { x: tokens.subarray(0, 24), y: tokens.subarray(6), batch: 6 };
  const data: TrainingData = () => new Array<Batch>(10).fill(batch);
  const saved = await Deno.readFile(file).catch(() => undefined);
  const bytes = world.broadcast(saved);
  const { extra, tensors } = bytes.length ? session.restore(bytes) : { extra: undefined, tensors: undefined };
  const resume = extra ? { state: extra as TrainerState, tensors: tensors as Map<string, TensorCopy> } : undefined;
  const steps = (resume?.state.step ?? 0) + 7;
  const training = fit(session, data, { carry: true, steps, resume, world });
  for await (const event of training) {
    if (event.type === "step") losses.push(event.loss);
  }
  const checkpoint = session.checkpoint({ extra: training.state, tensors: training.tensors() });
  if (world.rank === 0) await saveFile(file, checkpoint);
  printResult({});
}
