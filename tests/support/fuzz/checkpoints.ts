import { assertEquals } from "@std/assert";
import {
  adam,
  compile,
  crossEntropy,
  dense,
  dropout,
  embedding,
  fit,
  gru,
  recurrent,
  sequential,
} from "../../../mod.ts";
import type { Format } from "./format.ts";
import { editedFile } from "./models.ts";

const net = sequential({
  embedding: embedding(10, 4),
  dropout: dropout(4, 0.1),
  rnn: recurrent(gru(), { input: 4, hidden: 6 }),
  decoder: dense(6, 10),
});
const options = {
  batch: 2,
  steps: 3,
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 1e-2 }),
  averageDecay: 0.9,
};
const session = await compile(net, options);
const sequences = Array.from({ length: 9 }, (_, i) => [i, (i + 1) % 10, 3]);
const training = fit(session, { x: sequences, y: sequences }, { epochs: 1 });
for await (const _ of training);
const good = session.checkpoint({ extra: training.state, tensors: training.tensors() });

/** Checkpoints of a session and its trainer. A refused one changes nothing. */
export const checkpoints: Format<Uint8Array> = {
  make: (random) => editedFile(good, random),
  read: (bytes) => bytes,
  use(bytes: Uint8Array) {
    session.restore(good);
    try {
      session.restore(bytes);
    } catch (error) {
      assertEquals(session.checkpoint({ extra: training.state, tensors: training.tensors() }), good);
      throw error;
    }
  },
  size: ({ length }) => length,
};
