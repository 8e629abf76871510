import { assertEquals } from "@std/assert";
import { crossEntropy, dense, embedding, lstm, recurrent, sequential, sgd } from "../../mod.ts";
import { Generator } from "../../src/random/generator.ts";
import { assertSame, draw, range, type Results } from "../support/cells/trial.ts";
import { exact } from "../support/layers/cells.ts";
import { padded, shortResult, shortRow, transposed } from "../support/layers/padding.ts";

const SHAPE = { T: 7, B: 5 }, { T, B } = SHAPE, I = 3, H = 9, V = 11;
const LENGTHS = [3, 7, 1, 6, 4];
const OPTIONS = { batch: B, steps: T, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.5 }) };

const net = sequential({
  embedding: embedding(V, I),
  rnn: recurrent(lstm(), { input: I, hidden: H, layers: 2 }),
  decoder: dense(H, V),
});

Deno.test("a training step with lengths == one that ignores the targets after the lengths", async () => {
  const lengths = LENGTHS.toSorted((a, b) => b - a); // the order of the session's rows
  using session = await exact(net, OPTIONS);
  using other = await exact(net, OPTIONS);
  for (let step = 0; step < 3; step++) {
    const { x, y } = tokens(step), ignored = { x, y: padded(y, SHAPE, lengths, -100) };
    const garbage = { x: padded(x, SHAPE, lengths, -7), y: padded(y, SHAPE, lengths, V) };
    const evaluation = session.evaluate(garbage, { lengths });
    assertEquals(evaluation, other.evaluate(ignored));
    assertEquals(evaluation.count, lengths.reduce((a, b) => a + b));
    assertEquals(session.step(garbage, { lengths }), other.step(ignored));
    assertSame(tensorsOf(session.gradients()), tensorsOf(other.gradients()), `gradients of step ${step}`);
    assertSame(tensorsOf(session.parameters()), tensorsOf(other.parameters()), `parameters after step ${step}`);
  }
});

Deno.test("a batch-first training step == a time-major one, transposed", async () => {
  using session = await exact(net, OPTIONS);
  using other = await exact(net, { ...OPTIONS, batchFirst: true });
  for (const lengths of [undefined, LENGTHS]) {
    const { x, y } = tokens(4), turned = { x: transposed(x, T, B), y: transposed(y, T, B) };
    assertEquals(other.evaluate(turned, { lengths }), session.evaluate({ x, y }, { lengths }));
    assertEquals(other.step(turned, { lengths }), session.step({ x, y }, { lengths }));
    assertSame(tensorsOf(other.gradients()), tensorsOf(session.gradients()), `lengths ${lengths}`);
  }
});

Deno.test("probabilities with lengths == those of the rows alone", async () => {
  const rnn = recurrent(lstm(), { input: I, hidden: H });
  using session = await exact(rnn, OPTIONS);
  const lengths = LENGTHS, { x } = draw(rnn, SHAPE, 4);
  const all = session.probabilities(padded(x, SHAPE, lengths, NaN), { lengths }), states = session.states();
  for (const row of range(B)) {
    const alone = shortRow({ x, states: {}, dOutput: x, dStates: {} }, SHAPE, row, lengths[row]);
    const got = shortResult({ output: all }, SHAPE, row, lengths[row], "probabilities");
    assertSame(got, { output: session.probabilities(alone.x, { batch: 1 }) }, `row ${row}`);
    assertEquals(session.states().c_l0, states.c_l0.subarray(row * H, (row + 1) * H));
  }
});

function tokens(seed: number): { x: Int32Array; y: Int32Array } {
  const random = new Generator(seed), draw = () => Int32Array.from({ length: T * B }, () => random.integer(V));
  return { x: draw(), y: draw() };
}

function tensorsOf(tensors: ReadonlyMap<string, { data: Float32Array }>): Results {
  return Object.fromEntries([...tensors].map(([name, { data }]) => [name, data]));
}
