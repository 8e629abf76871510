/** The losses and gradients of the shards of all ranks sum to those of the whole batch. Needs no MPI. */
import { assert, assertEquals } from "@std/assert";
import {
  type Arrays,
  type Batch,
  compile,
  type CompileOptions,
  crossEntropy,
  dense,
  dropout,
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
import { add, concat, conv1d, graph, tokens, values } from "@unroll/rnn/layers";
import { ctc, lossByOutput } from "@unroll/rnn/losses";
import { encoderDecoder, luong } from "@unroll/rnn/models";
import { rankBatch } from "../../src/distributed/rank_batch.ts";
import { Generator } from "../../src/random/generator.ts";
import { classifier } from "../support/distributed/small_training.ts";

interface Case {
  session(threads: number): Promise<Session>;
  batch: Batch<Arrays>;
  /** Whether the batch starts from `INITIAL_STATES`. */
  hasStates?: boolean;
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
const branching = graph({
  inputs: { text: tokens(5), age: values(2, { steps: "one" }) },
  layers: {
    embed: [embedding(5, 4), "text"],
    drop: [dropout(4, 0.3), "embed"],
    conv: [conv1d(4, 4, 3, { padding: "same" }), "drop"],
    skip: [add(), "conv", "drop"],
    each: [dense(4, 2), "skip"],
    last: [recurrent(gru(), { input: 4, hidden: 3, output: "last" }), "skip"],
    both: [concat(), "last", "age"],
    one: [dense(5, 3), "both"],
  },
  outputs: ["each", "one"],
});
const y = integers(6 * 7, 3);
const yWithIgnoredRow = y.map((label, i) => i % 7 === 1 ? -100 : label);

const CASES: Record<string, Case> = {
  "lengths, one target per sequence, all kinds of dropout": {
    session: (threads) => classifier({ threads }),
    batch: { x: numbers(9 * 7), y: integers(7, 2), lengths: [3, 9, 1, 4, 9, 2, 6], batch: 7 },
  },
  "tokens, initial states, dropout": {
    session: compiled(tagger, crossEntropy()),
    batch: { x: integers(42, 5), y },
    hasStates: true,
  },
  "a shard without targets that count": {
    session: compiled(tagger, crossEntropy()),
    batch: { x: integers(42, 5), y: yWithIgnoredRow },
  },
  "one weight per sequence": {
    session: compiled(tagger, crossEntropy()),
    batch: { x: integers(42, 5), y, weights: [1, 0, 2, 0.5, 1, 3, 1] },
  },
  "one weight per step, loss reduced to a sum": {
    session: compiled(tagger, crossEntropy({ reduction: "sum" })),
    batch: { x: integers(42, 5), y, weights: numbers(42) },
  },
  "batch-first, several targets per step": {
    session: compiled(regression, squaredError(), { batchFirst: true }),
    batch: { x: numbers(84), y: numbers(84), lengths: [6, 2, 3, 1, 5, 6, 4] },
  },
  "recomputation in segments, dropout": {
    session: compiled(tagger, crossEntropy(), { steps: 4, recompute: true }),
    batch: { x: integers(42, 5), y, lengths: [6, 2, 3, 1, 5, 6, 4] },
  },
  "concatenated labels of CTC": {
    session: compiled(regression, ctc()),
    batch: { x: numbers(84), y: [1, 1, 1, 1, 1, 1, 1, 1, 1], targetLengths: [1, 2, 1, 0, 2, 1, 2] },
  },
  "encoder-decoder with attention, dropout": {
    session: compiled(translator, crossEntropy(), { decoderSteps: 4 }),
    batch: {
      x: integers(42, 5),
      lengths: [6, 2, 3, 1, 5, 6, 4],
      decoderInput: integers(28, 5),
      y: integers(28, 5),
      weights: Float32Array.from({ length: 28 }, (_, i) => i % 5 ? 1 : 0),
    },
  },
  "several inputs and outputs": {
    session: compiled(branching, lossByOutput({ each: squaredError(), one: [crossEntropy(), 0.5] })),
    batch: { x: { text: integers(42, 5), age: numbers(14) }, y: { each: numbers(84), one: integers(7, 3) } },
  },
  "several inputs and outputs, lengths, weights, batch-first": {
    session: compiled(
      branching,
      lossByOutput({ each: squaredError({ reduction: "sum" }), one: crossEntropy({ reduction: "sum" }) }),
      { batchFirst: true },
    ),
    batch: {
      x: { text: integers(42, 5), age: numbers(14) },
      y: { each: numbers(84), one: integers(7, 3) },
      weights: { each: numbers(42), one: [1, 0, 2, 0.5, 1, 3, 1] },
      lengths: [6, 2, 3, 1, 5, 6, 4],
    },
  },
  "targets of steps behind a convolution with strides": {
    session: compiled(sequential({ conv: conv1d(2, 3, 2, { strides: 2 }), output: dense(3, 2) }), crossEntropy()),
    batch: { x: numbers(84), y: integers(3 * 7, 2), lengths: [6, 2, 3, 2, 5, 6, 4] },
  },
  "padded labels of CTC": {
    session: compiled(regression, ctc()),
    batch: { x: numbers(84), y: new Array(14).fill(1), targetLengths: [1, 2, 1, 0, 2, 1, 2] },
  },
};

const INITIAL_STATES = numbers(7 * 4);

/** The loss and the gradients of one rank's rows, both times the count when the loss is a mean. */
async function computeShard(compiling: Promise<Session>, B: number, size: number, rank: number, each: Case) {
  using session = await compiling;
  const { batch, shard, takeStates } = rankBatch(each.batch, session.layout, B, rank, size);
  const names = ["rnn.h_l0", "rnn.c_l0", "rnn.h_l1", "rnn.c_l1"];
  const states = each.hasStates
    ? takeStates(Object.fromEntries(names.map((name) => [name, INITIAL_STATES])))
    : "zero" as const;
  const { loss, count } = session.accumulate(batch, {
    batch: batch.batch,
    lengths: batch.lengths,
    decoderInput: batch.decoderInput,
    states,
    shard: size === 1 ? undefined : shard,
  });
  const factor = session.layout.reduction === "mean" ? count : 1;
  const gradients = [...session.gradients().values()].flatMap(({ data }) => [...data].map((g) => g * factor));
  return { loss: loss * factor, count, gradients };
}

for (const [name, each] of Object.entries(CASES)) {
  for (const size of [2, 3, 9]) {
    Deno.test(`the shards of ${size} ranks sum to the whole batch: ${name}`, async () => {
      const threads = size === 2 ? 2 : 1;
      const B = 7;
      const whole = await computeShard(each.session(1), B, 1, 0, each);
      const shards: (typeof whole)[] = [];
      for (let rank = 0; rank < size; rank++) {
        shards.push(await computeShard(each.session(threads), B, size, rank, each));
      }
      const sum = (read: (shard: typeof whole) => number) => shards.reduce((sum, shard) => sum + read(shard), 0);
      assert(Math.abs(sum(({ count }) => count) - whole.count) < 1e-5, "counts");
      assert(Math.abs(sum(({ loss }) => loss) - whole.loss) <= 2e-6 * Math.abs(whole.loss), "losses");
      const largest = Math.max(...whole.gradients.map(Math.abs));
      assert(largest > 0);
      whole.gradients.forEach((gradient, i) => {
        // The shards sum a few dozen products in another order.
        const difference = Math.abs(sum(({ gradients }) => gradients[i]) - gradient);
        assert(difference <= 2e-6 * largest, `gradient ${i} of ${gradient} differs by ${difference}`);
      });
    });
  }
}

Deno.test("a rank has every size-th row of the batch and of the states", () => {
  const layout = { kind: "tokens", columns: 1, output: 3, targets: "step", reduction: "mean", longest: 9 } as const;
  const whole = { x: integers(5 * 2, 4), y: integers(5 * 2, 3), lengths: [1, 2, 1, 2, 2] };
  const { batch, shard, takeStates } = rankBatch(whole, { ...layout, batchFirst: false }, 5, 1, 2);
  const { x } = whole;
  assertEquals(Array.from(batch.x as ArrayLike<number>), [x[1], x[3], x[6], x[8]]);
  assertEquals(batch.lengths, [2, 2]);
  // Sorted by length, the whole batch is rows 1, 3, 4, 0, 2.
  assertEquals(shard, { B: 5, rows: [0, 1] });
  const states = { h: Float32Array.from({ length: 10 }, (_, i) => i) };
  assertEquals(takeStates(states), { h: Float32Array.of(2, 3, 6, 7) });
});
