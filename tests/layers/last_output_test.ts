/** A recurrent layer that gives only its last output (many to one), and layers on top of it. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import {
  adam,
  type Cell,
  compile,
  crossEntropy,
  dense,
  type Layer,
  lstm,
  type Merge,
  OptionError,
  recurrent,
  type RecurrentOptions,
  sequential,
  ShapeError,
  squaredError,
} from "../../mod.ts";
import { activation, layerNorm, residual } from "../../layers.ts";
import { assertSame, draw, pass, steps } from "../support/cells/trial.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { cellRoundings, U, walk } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";
import { transposed } from "../support/layers/padding.ts";

const SHAPE = { T: 7, B: 5 }, { T, B } = SHAPE, I = 3, H = 9, PLAN = { batch: B, steps: T };
const LENGTHS: readonly (readonly number[] | undefined)[] = [undefined, [3, 7, 1, 7, 4], [2, 5, 1, 1, 3]];

for (const [name, cell] of Object.entries(CELLS)) {
  Deno.test(`${name}: the last output == that row of the sequence, forward and backward`, async () => {
    for (const bidirectional of [false, true]) {
      const options = { layers: 2, bidirectional, initialStates: "learned" } as const;
      const last = net(cell, { ...options, output: "last" });
      using session = await exact(last, PLAN);
      using sequence = await exact(net(cell, options), PLAN);
      const data = draw(last, SHAPE, 1), width = last.output.width, half = bidirectional ? width / 2 : width;
      for (const lengths of LENGTHS) {
        // The last step in the direction of a column.
        const end = (b: number, column: number) => column < half ? (lengths?.[b] ?? T) - 1 : 0;
        const place = (b: number, column: number) => (end(b, column) * B + b) * width + column;
        const dOutput = new Float32Array(T * B * width);
        data.dOutput.forEach((value, i) => dOutput[place(Math.floor(i / width), i % width)] = value);
        const want = pass(sequence, { ...data, dOutput }, B, { lengths });
        const output = data.dOutput.map((_, i) => want.output[place(Math.floor(i / width), i % width)]);
        assertSame(pass(session, data, B, { lengths }), { ...want, output }, `lengths ${lengths}`);
      }
    }
  });
}

for (const merge of ["concat", "sum", "average", "multiply"] as Merge[]) {
  Deno.test(`${merge}: gradients of the last output against central differences`, async () => {
    const rnn = recurrent(lstm(), { input: I, hidden: [5, 4], bidirectional: true, merge, output: "last" });
    const bound = walk(2 * cellRoundings({ T: 4, B: 3, I: 10, H: 5 }) + 2 * 8);
    const { width } = rnn.output, layers = { norm: layerNorm(width), dense: residual(dense(width, width)) };
    for (const net of [rnn, sequential({ rnn, ...layers, activation: activation("tanh", width) })]) {
      for (const lengths of [undefined, [1, 4, 2]]) {
        assertRight(await gradientCheck(net, { lengths, seed: 3 }), bound, `lengths ${lengths}`);
      }
    }
  });
}

Deno.test("two last outputs one after the other == those of the two directions side by side", async () => {
  using apart = await exact(net(lstm, { bidirectional: true, merge: "none", output: "last" }), PLAN);
  using together = await exact(net(lstm, { bidirectional: true, output: "last" }), PLAN);
  const { x } = draw(net(lstm, {}), SHAPE, 4);
  for (const lengths of LENGTHS) {
    const output = together.forward(x, { lengths });
    assertEquals(apart.forward(x, { lengths }), transposed(output, B, 2));
  }
});

const classifier = () => sequential({ rnn: net(lstm, { output: "last" }), decoder: dense(H, 4) });
const OPTIONS = { ...PLAN, loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }) };

Deno.test("a classifier of sequences reads a target for each row, in any layout and order of rows", async () => {
  const { x } = draw(classifier(), SHAPE, 5), y = [0, 3, 1, 2, 2], lengths = [3, 7, 1, 7, 4];
  const order = [4, 2, 0, 3, 1],
    rows = (data: Float32Array) => order.flatMap((b) => [...data.subarray(b * T * I, (b + 1) * T * I)]);
  using session = await exact(classifier(), OPTIONS);
  using batchFirst = await exact(classifier(), { ...OPTIONS, batchFirst: true });
  using sorted = await exact(classifier(), { ...OPTIONS, batchFirst: true });
  const turned = transposed(x, T, B), first = session.evaluate({ x, y }, { lengths }).loss;
  for (let i = 0; i < 3; i++) {
    const { loss } = session.step({ x, y }, { lengths });
    assertEquals(batchFirst.step({ x: turned, y }, { lengths }).loss, loss);
    const other = sorted.step({ x: rows(turned), y: order.map((b) => y[b]) }, {
      lengths: order.map((b) => lengths[b]),
    });
    assertEquals(other.loss, loss);
  }
  assert(session.evaluate({ x, y }, { lengths }).loss < first);
  assertEquals(session.forward(x, { lengths }), batchFirst.forward(turned, { lengths }));
  const probabilities = session.probabilities(x, { lengths });
  for (let b = 0; b < B; b++) {
    const sum = probabilities.subarray(b * 4, (b + 1) * 4).reduce((a, p) => a + p, 0);
    assert(Math.abs(sum - 1) < 4 * U);
  }
});

Deno.test("a classifier of sequences longer than the plan == one in one piece", async () => {
  using whole = await exact(classifier(), OPTIONS);
  using short = await exact(classifier(), { ...OPTIONS, steps: 3, recompute: true });
  const { x } = draw(classifier(), SHAPE, 6), y = [0, 3, 1, 2, 2];
  for (const t of [T, 2 * 3, T]) {
    const data = { x: steps(x, T, 0, t), y };
    assertEquals(short.step(data), whole.step(data));
    assertEquals(short.parameters(), whole.parameters());
  }
  assertThrows(() => short.step({ x, y }, { lengths: [T, T, T, T, 1] }), OptionError, '"lengths"');
});

Deno.test("losses of the last output == those of all steps with the others ignored or without weight", async () => {
  const every = sequential({ rnn: net(lstm, {}), decoder: dense(H, 4) }), { x } = draw(classifier(), SHAPE, 9);
  const classes = [0, 3, 1, 2, 2], numbers = Float32Array.from({ length: B * 4 }, (_, i) => (i % 7) / 3 - 1);
  for (const loss of [crossEntropy(), crossEntropy({ reduction: "sum", labelSmoothing: 0.1 }), squaredError()]) {
    const width = loss.name === "squared error" ? 4 : 1, y = width === 4 ? numbers : classes;
    using session = await exact(classifier(), { ...OPTIONS, loss });
    using sequence = await exact(every, { ...OPTIONS, loss });
    for (const lengths of LENGTHS) {
      const weights = [0.5, 2, 1, 0, 3], end = (b: number) => (lengths?.[b] ?? T) - 1;
      const targets = new Float32Array(T * B * width), shares = new Float32Array(T * B), losses = [];
      for (let b = 0; b < B; b++) {
        const row = end(b) * B + b;
        shares[row] = weights[b];
        for (let j = 0; j < width; j++) targets[row * width + j] = y[b * width + j];
      }
      const data = { x, y, weights }, spread = { x, y: targets, weights: shares };
      const all = sequence.losses(spread, { lengths });
      for (let b = 0; b < B; b++) losses.push(...all.subarray((end(b) * B + b) * width).subarray(0, width));
      assertEquals([...session.losses(data, { lengths })], losses, `${loss.name}, lengths ${lengths}`);
      // Sums are over rows in the order of time, which is another order when rows end at different steps.
      if (lengths) continue;
      assertEquals(session.evaluate(data, { lengths }), sequence.evaluate(spread, { lengths }));
      assertEquals(session.step(data, { lengths }), sequence.step(spread, { lengths }));
      assertEquals(session.parameters(), sequence.parameters());
    }
  }
});

Deno.test("a sequence that does not count may be NaN", async () => {
  using good = await exact(classifier(), { ...OPTIONS, batchFirst: true });
  using bad = await exact(classifier(), { ...OPTIONS, batchFirst: true });
  const { x } = draw(classifier(), SHAPE, 10), y = [0, 3, 1, 2, 2], weights = [1, 1, 0, 1, 1];
  const poisoned = x.slice().fill(NaN, 2 * T * I, 3 * T * I), finite = x.slice().fill(0, 2 * T * I, 3 * T * I);
  const lengths = [3, 7, 1, 7, 4];
  assertEquals(
    bad.losses({ x: poisoned, y, weights }, { lengths }),
    good.losses({ x: finite, y, weights }, { lengths }),
  );
});

Deno.test("a stream gives the last output of its steps so far", async () => {
  using session = await exact(classifier(), PLAN);
  const { x } = draw(classifier(), SHAPE, 7), stream = session.stream({ batch: B });
  for (let t = 0; t < T; t++) {
    const got = stream.step(steps(x, T, t, t + 1));
    assertEquals(got, session.forward(steps(x, T, 0, t + 1)));
  }
});

Deno.test("a layer that needs a row for each step is refused", async () => {
  const last = net(lstm, { output: "last" }), again = recurrent(lstm(), { input: H, hidden: 2 });
  await assertRejects(() => compile(sequential({ last, again }), PLAN), ShapeError, "no steps");
  assertThrows(() => residual(recurrent(lstm(), { input: 4, hidden: 4, output: "last" })), ShapeError, "each step");
  assertThrows(
    () => net(lstm, { output: "first" as "last" }),
    OptionError,
    '"output" must be one of "sequence", "last"',
  );
  using session = await exact(classifier(), OPTIONS);
  const { x } = draw(classifier(), SHAPE, 8);
  assertThrows(() => session.step({ x, y: new Int32Array(T * B) }), ShapeError, "expected 5 elements");
  session.forward(x);
  assertThrows(() => session.backward(new Float32Array(T * B * 4)), ShapeError, "expected 5 rows of 4");
});

function net(cell: () => Cell, options: Partial<RecurrentOptions>): Layer {
  return recurrent(cell(), { input: I, hidden: H, ...options });
}
