/** The shares of all ranks together make the losses and gradients of the whole batch: no MPI is needed to see that. */
import { assert, assertEquals } from "@std/assert";
import {
  type Batch,
  compile,
  type CompileOptions,
  crossEntropy,
  ctc,
  dense,
  elman,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
  type Session,
  squaredError,
} from "@unroll/rnn";
import { encoderDecoder, luong } from "@unroll/rnn/models";
import { rowsOfRank } from "../../src/distributed/rows_of_rank.ts";
import { Generator } from "../../src/random/generator.ts";
import { classifier } from "../support/distributed/small_training.ts";

interface Case {
  session(threads: number): Promise<Session>;
  batch: Batch;
  states?: boolean;
}

const random = new Generator(3);
const numbers = (n: number) => Float32Array.from({ length: n }, () => random.uniform() * 2 - 1);
const integers = (n: number, below: number) => Int32Array.from({ length: n }, () => random.integer(below));

function compiled(net: Layer, loss: CompileOptions["loss"], options: Partial<CompileOptions> = {}) {
  return (threads: number) =>
    compile(net, { batch: 7, steps: 6, train: true, loss, numerics: "exact", threads, ...options });
}

const tagger = sequential({
  input: oneHot(5),
  rnn: recurrent(lstm(), { input: 5, hidden: [4, 4], dropout: 0.4, inputDropout: 0 }),
  output: dense(4, 3),
});
const regression = sequential({ rnn: recurrent(elman(), { input: 2, hidden: 4 }), output: dense(4, 2) });
const translator = encoderDecoder({
  encoder: sequential({
    embedding: embedding(5, 3),
    rnn: recurrent(gru(), { input: 3, hidden: 4, layers: 2, dropout: 0.3 }),
  }),
  decoder: sequential({
    embedding: embedding(5, 3),
    rnn: recurrent(gru(), { input: 3, hidden: 4, layers: 2, dropout: 0.3 }),
    attention: luong(4, { source: 4 }),
    output: dense(4, 5),
  }),
});
const y = integers(6 * 7, 3), ignored = y.map((label, i) => i % 7 === 1 ? -100 : label);

const CASES: Record<string, Case> = {
  "lengths, one target a sequence, dropout of all kinds": {
    session: (threads) => classifier({ threads }),
    batch: { x: numbers(9 * 7), y: integers(7, 2), lengths: [3, 9, 1, 4, 9, 2, 6], batch: 7 },
  },
  "tokens with states, dropout": {
    session: compiled(tagger, crossEntropy()),
    batch: { x: integers(42, 5), y },
    states: true,
  },
  "a share of which nothing counts": {
    session: compiled(tagger, crossEntropy()),
    batch: { x: integers(42, 5), y: ignored },
  },
  "weights of sequences": {
    session: compiled(tagger, crossEntropy()),
    batch: { x: integers(42, 5), y, weights: [1, 0, 2, 0.5, 1, 3, 1] },
  },
  "weights of steps, a sum": {
    session: compiled(tagger, crossEntropy({ reduction: "sum" })),
    batch: { x: integers(42, 5), y, weights: numbers(42) },
  },
  "batch-first, several numbers a step": {
    session: compiled(regression, squaredError(), { batchFirst: true }),
    batch: { x: numbers(84), y: numbers(84), lengths: [6, 2, 3, 1, 5, 6, 4] },
  },
  "recomputed in segments, dropout": {
    session: compiled(tagger, crossEntropy(), { steps: 4, recompute: true }),
    batch: { x: integers(42, 5), y, lengths: [6, 2, 3, 1, 5, 6, 4] },
  },
  "labels of CTC, one behind the other": {
    session: compiled(regression, ctc()),
    batch: { x: numbers(84), y: [1, 1, 1, 1, 1, 1, 1, 1, 1], targetLengths: [1, 2, 1, 0, 2, 1, 2] },
  },
  "encoder and decoder with attention, dropout": {
    session: compiled(translator, crossEntropy(), { decoderSteps: 4 }),
    batch: {
      x: integers(42, 5),
      lengths: [6, 2, 3, 1, 5, 6, 4],
      decoderInput: integers(28, 5),
      y: integers(28, 5),
      weights: Float32Array.from({ length: 28 }, (_, i) => i % 5 ? 1 : 0),
    },
  },
  "labels of CTC in rows": {
    session: compiled(regression, ctc()),
    batch: { x: numbers(84), y: new Array(14).fill(1), targetLengths: [1, 2, 1, 0, 2, 1, 2] },
  },
};

/** Loss times count and gradients times count of some rows, each from a session of its own after one other pass. */
async function made(session: Promise<Session>, B: number, size: number, rank: number, { batch, states }: Case) {
  using own = await session;
  const share = rowsOfRank(batch, own.layout, B, rank, size), { lengths, batch: rows, decoderInput } = share.batch;
  const given = states
    ? share.take({ "rnn.h_l0": START, "rnn.c_l0": START, "rnn.h_l1": START, "rnn.c_l1": START })
    : "zero";
  const { loss, count } = own.accumulate(share.batch, {
    batch: rows,
    lengths,
    decoderInput,
    states: given,
    shard: size === 1 ? undefined : share.rows,
  });
  const factor = own.layout.reduction === "mean" ? count : 1;
  const gradients = [...own.gradients().values()].flatMap(({ data }) => [...data].map((g) => g * factor));
  return { loss: loss * factor, count, gradients };
}

const START = numbers(7 * 4);

for (const [name, each] of Object.entries(CASES)) {
  for (const size of [2, 3, 9]) {
    Deno.test(`${size} shares make the whole: ${name}`, async () => {
      const threads = size === 2 ? 2 : 1, B = 7;
      const want = await made(each.session(1), B, 1, 0, each);
      const parts: (typeof want)[] = [];
      for (let rank = 0; rank < size; rank++) parts.push(await made(each.session(threads), B, size, rank, each));
      const sum = (of: (part: typeof want) => number) => parts.reduce((sum, part) => sum + of(part), 0);
      assert(Math.abs(sum(({ count }) => count) - want.count) < 1e-5, "counts");
      assert(Math.abs(sum(({ loss }) => loss) - want.loss) <= 2e-6 * Math.abs(want.loss), "losses");
      const largest = Math.max(...want.gradients.map(Math.abs));
      assert(largest > 0);
      want.gradients.forEach((gradient, i) => {
        // A sum of some dozen products in another order.
        const difference = Math.abs(sum(({ gradients }) => gradients[i]) - gradient);
        assert(difference <= 2e-6 * largest, `gradient ${i} of ${gradient} differs by ${difference}`);
      });
    });
  }
}

Deno.test("ranks have rows in turn, and states with them", () => {
  const layout = { kind: "tokens", columns: 1, output: 3, targets: "step", reduction: "mean", longest: 9 } as const;
  const batch = { x: integers(5 * 2, 4), y: integers(5 * 2, 3), lengths: [1, 2, 1, 2, 2] };
  const { batch: own, rows, take } = rowsOfRank(batch, { ...layout, batchFirst: false }, 5, 1, 2);
  const { x } = batch;
  assertEquals(Array.from(own.x), [x[1], x[3], x[6], x[8]]);
  assertEquals(own.lengths, [2, 2]);
  assertEquals(rows, { B: 5, rows: [0, 1] }); // the longest first: rows 1, 3, 4, then 0 and 2
  assertEquals(take({ h: Float32Array.from({ length: 10 }, (_, i) => i) }), { h: Float32Array.of(2, 3, 6, 7) });
});
