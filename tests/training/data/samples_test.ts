/** A batch made of samples is the samples, at tolerance zero in the exact build. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Batch,
  compile,
  crossEntropy,
  ctc,
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
  ShapeError,
  squaredError,
} from "../../../mod.ts";
import { Generator } from "../../../src/random/generator.ts";
import { collate, stepsOf } from "../../../src/training/data/samples.ts";

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

Deno.test("samples that do not fit are refused by number", async () => {
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
  ];
  for (const [session, samples, error, says] of refused) {
    assertThrows(() => stepsOf(samples, session.layout, session.steps), error, says);
  }
});
