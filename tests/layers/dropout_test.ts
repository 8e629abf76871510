import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  adam,
  crossEntropy,
  dense,
  dropout,
  elman,
  embedding,
  type Layer,
  oneHot,
  OptionError,
  type PlanOptions,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { draw, range } from "../support/cells/trial.ts";
import { U } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";

const T = 6, B = 5, H = 9, V = 7, PLAN = { batch: B, steps: T };

Deno.test("about the rate of elements is dropped, the others are scaled so that the mean stays", async () => {
  const width = 101, shape = { batch: 17, steps: 29 }, n = width * shape.batch * shape.steps;
  for (const rate of [0.05, 0.2, 0.5, 0.9]) {
    for (const variational of [false, true]) {
      using session = await exact(dropout(width, rate, { variational }), shape);
      const y = session.forward(new Float32Array(n).fill(1), { training: true });
      const kept = y.filter((value) => value !== 0), draws = variational ? n / shape.steps : n;
      assert(kept.every((value) => value === kept[0]), "two kinds of values");
      assert(Math.abs(kept[0] * (1 - rate) - 1) <= 4 * U, `rate ${rate}: kept are multiplied by ${kept[0]}`);
      // A binomial share is within five standard deviations of its mean in all but one of two million cases.
      const share = 1 - kept.length / n, deviation = Math.sqrt(rate * (1 - rate) / draws);
      assert(Math.abs(share - rate) < 5 * deviation, `rate ${rate}: a share of ${share} was dropped`);
    }
  }
});

Deno.test("the gradient is multiplied by the same mask", async () => {
  for (const variational of [false, true]) {
    const net = dropout(H, 0.3, { variational }), { x, dOutput } = draw(net, { T, B }, 1);
    using session = await exact(net, PLAN);
    const ones = await maskOf(net), y = session.forward(x, { training: true }), { dx } = session.backward(dOutput);
    assertEquals(y, x.map((value, i) => value * ones[i]));
    assertEquals(dx, dOutput.map((value, i) => value * ones[i]));
    session.forward(x);
    assertEquals(session.backward(dOutput).dx, dOutput, "nothing is dropped, so nothing of the gradient");
  }
});

Deno.test("a variational mask is the same for all steps and differs by row; others differ by step too", async () => {
  const differ = (mask: Float32Array, blocks: number) => {
    const block = (i: number) => mask.slice(i * mask.length / blocks, (i + 1) * mask.length / blocks).join();
    return new Set(range(blocks).map(block)).size;
  };
  const constant = await maskOf(dropout(64, 0.5, { variational: true })), changing = await maskOf(dropout(64, 0.5));
  assertEquals(differ(constant, T), 1);
  assertEquals(differ(constant.subarray(0, B * 64), B), B);
  assertEquals(differ(changing, T), T);
});

Deno.test("masks depend only on the seed and the number of the training pass", async () => {
  const net = sequential({ first: dropout(64, 0.5), second: dropout(64, 0.5) });
  const first = await maskOf(net);
  assertEquals(await maskOf(net), first);
  assertEquals(await maskOf(net, { batch: B + 3, steps: T + 2 }), first, "a larger plan");
  assertNotEquals(await maskOf(net, { seed: 1 }), first);
  assertNotEquals(await maskOf(net, { seed: 2 ** 32 }), first);

  using session = await exact(net, PLAN);
  const ones = new Float32Array(T * B * 64).fill(1),
    passes = range(4).map(() => session.forward(ones, { training: true }));
  assertEquals(passes[0], first);
  assertEquals(new Set(passes.map((mask) => mask.join())).size, 4, "another mask for each pass");
  // Passes without dropout do not count.
  using other = await exact(net, PLAN);
  for (const mask of passes) {
    assertEquals(other.forward(ones), ones);
    assertEquals(other.forward(ones, { training: true }), mask);
    other.stream().step(ones.subarray(0, 64));
  }
});

Deno.test("two layers of one net have different masks", async () => {
  const both = await maskOf(sequential({ a: dropout(512, 0.5), b: dropout(512, 0.5) }));
  const share = both.filter((value) => value !== 0).length / both.length;
  assert(Math.abs(share - 0.25) < 0.03, `${share} of the values got through two masks, expected a quarter`);
});

Deno.test("training with dropout is repeatable, and evaluation in between changes nothing", async () => {
  const rnn = recurrent(CELLS.lstm(), { input: 5, hidden: H, layers: 2, dropout: 0.3, recurrentDropout: 0.2 });
  const net = sequential({ input: embedding(V, 5), drop: dropout(5, 0.1), rnn, decoder: dense(H, V) });
  const options = { ...PLAN, loss: crossEntropy(), optimizer: adam(), seed: 3 };
  using session = await exact(net, options);
  using other = await exact(net, options);
  const { x } = draw(net, { T, B }, 4);
  for (let step = 0; step < 4; step++) {
    assertEquals(session.step({ x, y: x }), other.step({ x, y: x }));
    assertEquals(other.evaluate({ x, y: x }), other.evaluate({ x, y: x }));
  }
});

Deno.test("rates outside [0, 1), and one-hot rows, which are not in memory, are refused", async () => {
  for (const rate of [-0.1, 1, NaN]) {
    assertThrows(() => dropout(3, rate), OptionError, '"rate"');
    for (const name of ["dropout", "inputDropout", "recurrentDropout"]) {
      assertThrows(() => recurrent(elman(), { input: 3, hidden: 3, [name]: rate }), OptionError, `"${name}"`);
    }
  }
  const nets: Layer[] = [
    sequential({ input: oneHot(V), drop: dropout(V, 0.5) }),
    sequential({ input: oneHot(V), rnn: recurrent(elman(), { input: V, hidden: H, inputDropout: 0.5 }) }),
  ];
  for (const net of nets) {
    let error: unknown;
    await exact(net, PLAN).catch((caught) => error = caught);
    assert(error instanceof ShapeError && error.message.includes("one-hot"), String(error));
  }
});

/** The output of a net of dropout layers for ones, in its first training pass. */
async function maskOf(net: Layer, options: Partial<PlanOptions> = {}): Promise<Float32Array> {
  using session = await exact(net, { ...PLAN, ...options });
  return session.forward(new Float32Array(T * B * net.input.width).fill(1), { batch: B, training: true });
}
