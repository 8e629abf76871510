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
  type TrainerState,
} from "../../../mod.ts";
import { reduceOnPlateau } from "../../../schedules.ts";
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
  optimizer: adam({ learningRate: 1e-2, schedule: reduceOnPlateau({ factor: 0.5 }) }),
  averageDecay: 0.9,
};
const session = await compile(net, options);
const sequences = Array.from({ length: 9 }, (_, i) => [i, (i + 1) % 10, 3]);
const data = { x: sequences, y: sequences };
const training = fit(session, data, { epochs: 1, evaluate: { data } });
for await (const _ of training);
const good = session.checkpoint({ extra: training.state, tensors: training.tensors() });

/** Checkpoints of a session and its trainer. A refused one changes nothing. */
export const checkpoints: Format<Uint8Array> = {
  make: (random) => editedFile(good, random),
  read: (bytes) => bytes,
  async use(bytes: Uint8Array, random) {
    session.restore(good);
    let isRestored = false;
    try {
      const { extra, tensors } = session.restore(bytes);
      isRestored = true;
      if (random.integer(10)) return;
      const resume = { state: extra as TrainerState, tensors };
      let events = 0;
      for await (const _ of fit(session, data, { epochs: 2, evaluate: { data }, resume })) if (++events > 3) break;
    } catch (error) {
      if (isRestored) throw error;
      assertEquals(session.checkpoint({ extra: training.state, tensors: training.tensors() }), good);
      throw error;
    }
  },
  size: ({ length }) => length,
};
