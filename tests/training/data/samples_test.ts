/** A batch of samples gives the results of its samples, with tolerance zero in the exact build. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Batch,
  compile,
  crossEntropy,
  dense,
  embedding,
  gru,
  type Layer,
  type Loss,
  OptionError,
  recurrent,
  type Samples,
  sequential,
  type Session,
  sgd,
  ShapeError,
  squaredError,
} from "../../../mod.ts";
import { ctc } from "../../../losses.ts";
import { bahdanau, encoderDecoder } from "../../../models.ts";
import { Generator } from "../../../src/random/generator.ts";
import { arrange } from "../../../src/training/data/arrangement.ts";
import { collate, sizesOf, stepsOf } from "../../../src/training/data/samples.ts";

const LENGTHS = [4, 1, 6, 3, 6], N = LENGTHS.length, I = 3, C = 4;
const random = new Generator(2);
const numbers = (n: number) => Float32Array.from({ length: n }, () => random.uniform() * 2 - 1);
const integers = (n: number, low: number, high: number) =>
  Array.from({ length: n }, () => low + random.integer(high - low));
const values = LENGTHS.map((T) => numbers(T * I)), tokens = LENGTHS.map((T) => Int32Array.from(integers(T, 0, 9)));
const net = (output: "sequence" | "last") =>
  sequential({ rnn: recurrent(gru(), { input: I, hidden: 5, output }), decoder: dense(5, C) });
const ofTokens = sequential({ embedding: embedding(9, I), rnn: net("sequence") });

const SUBJECTS: Record<string, [net: Layer, loss: Loss, samples: Samples]> = {
  "values, a class a step": [net("sequence"), crossEntropy(), { x: values, y: LENGTHS.map((T) => integers(T, 0, C)) }],
  "tokens, a class a step, a weight a step": [
    ofTokens,
    crossEntropy(),
    { x: tokens, y: LENGTHS.map((T) => integers(T, 0, C)), weights: LENGTHS.map((T) => numbers(T).map(Math.abs)) },
  ],
  "numbers for each step": [net("sequence"), squaredError(), { x: values, y: LENGTHS.map((T) => numbers(T * C)) }],
  "a class and a weight a sequence": [
    net("last"),
    crossEntropy(),
    { x: values, y: Int32Array.of(1, 0, 3, 2, 1), weights: Float32Array.of(1, 2, 0.5, 3, 0.25) },
  ],
  "numbers for each sequence": [net("last"), squaredError(), { x: values, y: LENGTHS.map(() => numbers(C)) }],
  "labels": [net("sequence"), ctc(), { x: values, y: [[1, 2], [3], [1, 1, 2], [], [2]], weights: [1, 2, 0.5, 3, 1] }],
};

function session(net: Layer, loss: Loss, batchFirst = false): Promise<Session> {
  return compile(net, { batch: N, steps: 6, loss, batchFirst, numerics: "exact" });
}

function batchOf(session: Session, samples: Samples, members: number[]): Batch {
  return collate(samples, members, stepsOf(samples, session.layout, session.steps), session.layout);
}

const WRITTEN = [3, 2, 1, 5, 2];
const ofPairs = encoderDecoder({
  encoder: recurrent(gru(), { input: I, hidden: 5 }),
  decoder: sequential({
    embedding: embedding(7, 2),
    rnn: recurrent(bahdanau(gru(), { source: 5 }), { input: 2, hidden: 5 }),
    output: dense(5, C),
  }),
});
const PAIRS: Record<string, [loss: Loss, samples: Samples]> = {
  "a class a step of the decoder": [crossEntropy(), {
    x: values,
    decoderInput: WRITTEN.map((T) => integers(T, 0, 7)),
    y: WRITTEN.map((T) => integers(T, 0, C)),
  }],
  "numbers for each step of the decoder, a weight a sequence": [squaredError(), {
    x: values,
    decoderInput: WRITTEN.map((T) => integers(T, 0, 7)),
    y: WRITTEN.map((T) => numbers(T * C)),
    weights: [1, 2, 0.5, 3, 0.25],
  }],
  "a class and a weight a step of the decoder": [crossEntropy(), {
    x: values,
    decoderInput: WRITTEN.map((T) => integers(T, 0, 7)),
    y: WRITTEN.map((T) => integers(T, 0, C)),
    weights: WRITTEN.map((T) => numbers(T).map(Math.abs)),
  }],
};

for (const [name, [loss, samples]] of Object.entries(PAIRS)) {
  Deno.test(`${name}: loss, count and gradients of a batch are those of its samples, without padding`, async () => {
    for (const batchFirst of [false, true]) {
      const options = { batch: N, steps: 6, batchFirst, numerics: "exact", optimizer: sgd(), loss } as const;
      using some = await compile(ofPairs, options), each = await compile(ofPairs, options);
      const order = [2, 4, 0, 1, 3], { lengths, batch, decoderInput, ...data } = batchOf(some, samples, order);
      const whole = some.accumulate(data, { lengths, batch, decoderInput });
      let sum = 0, count = 0;
      for (const i of order) {
        const { lengths, batch, decoderInput, ...one } = batchOf(each, samples, [i]);
        assertEquals(decoderInput!.length, WRITTEN[i]);
        const part = each.accumulate(one, { lengths, batch, decoderInput });
        sum += part.loss * part.count, count += part.count;
      }
      assertAlmostEquals(whole.loss, sum / count, 1e-6);
      assertAlmostEquals(whole.count, count, 1e-5);
      for (const [name, { data }] of some.gradients()) {
        const parts = each.gradients().get(name)!.data, size = Math.max(...data.map(Math.abs));
        data.forEach((value, i) => assertAlmostEquals(value, parts[i], 1e-6 * size + 1e-9, name));
      }
    }
  });
}

for (const [name, [net, loss, samples]] of Object.entries(SUBJECTS)) {
  Deno.test(`${name}: the losses of a batch are those of its samples`, async () => {
    for (const batchFirst of [false, true]) {
      using some = await session(net, loss, batchFirst);
      const order = [2, 4, 0, 1, 3], { lengths, batch, ...data } = batchOf(some, samples, order);
      const together = some.losses(data, { lengths, batch }), T = 6, { targets } = some.layout;
      const width = loss.name === "squared error" ? C : 1;
      order.forEach((i, b) => {
        const { lengths, batch, ...one } = batchOf(some, samples, [i]);
        const alone = some.losses(one, { lengths, batch }), rows = targets === "step" ? LENGTHS[i] : 1, within = [];
        for (let t = 0; t < rows; t++) {
          const row = targets !== "step" ? b : batchFirst ? b * T + t : t * N + b;
          within.push(...together.subarray(row * width, (row + 1) * width));
        }
        assertEquals([...alone], within, `sample ${i}${batchFirst ? ", batch first" : ""}`);
        assert(alone.every(Number.isFinite));
      });
    }
  });
}

Deno.test("samples of one length need no lengths", async () => {
  using some = await session(net("last"), crossEntropy());
  const samples = { x: values, y: [1, 0, 3, 2, 1] };
  assertEquals(batchOf(some, samples, [2, 4]).lengths, undefined);
  assertEquals(batchOf(some, samples, [2, 0]).lengths, Int32Array.of(6, 4));
});

Deno.test("pairs are sorted by both lengths", async () => {
  const options = { batch: 2, steps: 6, loss: crossEntropy() };
  using some = await compile(ofPairs, options);
  const [, { decoderInput, y }] = PAIRS["a class a step of the decoder"];
  const x = [6, 3, 6, 3, 6].map((T) => numbers(T * I)), samples = { x, decoderInput, y };
  const steps = stepsOf(samples, some.layout, 6), sizes = sizesOf(samples, steps, some.layout);
  const [order] = arrange(sizes, 1, { batch: 5, bucket: 2, shuffle: false, seed: 0 });
  assertEquals(order.map((i) => [steps[i], WRITTEN[i]]), [[3, 2], [3, 5], [6, 1], [6, 2], [6, 3]]);
});

Deno.test("samples that do not fit are refused, with their index", async () => {
  using pairs = await compile(ofPairs, { batch: N, steps: 6, decoderSteps: 5, loss: crossEntropy() });
  const [, { decoderInput, y: written }] = PAIRS["a class a step of the decoder"];
  using steps = await session(net("sequence"), crossEntropy()), last = await session(net("last"), crossEntropy());
  const y = LENGTHS.map((T) => integers(T, 0, C)), x = values;
  const refused: [Session, Samples, new (message: string) => Error, string][] = [
    [steps, { x: [], y: [] }, OptionError, "no samples"],
    [steps, { x, y: y.slice(1) }, ShapeError, '"y" must have 5 elements, as "x" has, got 4'],
    [steps, { x, y, weights: [1] }, ShapeError, '"weights" must have 5 elements'],
    [steps, { x: x.with(1, numbers(4)), y }, ShapeError, 'sample 1: "x" must have 1 to 6 steps of 3 elements, got 4'],
    [steps, { x: x.with(2, numbers(0)), y }, ShapeError, "sample 2"],
    [steps, { x: x.with(3, numbers(21)), y }, ShapeError, "sample 3"],
    [steps, { x, y: y.with(4, [1]) }, ShapeError, 'sample 4: "y" must have 6 elements, got 1'],
    [last, { x, y }, ShapeError, 'sample 1: "y" must have 4 elements, got 1'],
    [steps, { x, y, weights: [1, 1, 1, [1], 1] }, ShapeError, "sample 3"],
    [steps, { x, y, weights: y.map(() => [1]) }, ShapeError, 'sample 0: "weights" must have 4 elements'],
    [pairs, { x, y: written }, OptionError, '"decoderInput" is for a net with a decoder, which needs it'],
    [steps, { x, y, decoderInput }, OptionError, '"decoderInput" is for a net with a decoder'],
    [pairs, { x, y: written, decoderInput: [[1]] }, ShapeError, '"decoderInput" must have 5 elements'],
    [pairs, { x, y, decoderInput }, ShapeError, 'sample 0: "y" must have 3 elements, got 4'],
    [
      pairs,
      { x, y: written, decoderInput: [[], [1], [1], [1], [1]] },
      ShapeError,
      '"decoderInput" must have 1 to 5 steps',
    ],
    [pairs, { x, y, decoderInput: y }, ShapeError, "sample 2"],
  ];
  for (const [session, samples, error, says] of refused) {
    assertThrows(() => stepsOf(samples, session.layout, session.steps), error, says);
  }
});
