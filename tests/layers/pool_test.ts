/** Layers that pool a sequence to one row: mean, max, attention. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import {
  adam,
  compile,
  crossEntropy,
  dense,
  embedding,
  gru,
  type Layer,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  sgd,
  ShapeError,
  squaredError,
} from "../../mod.ts";
import { attentionPool, pool, residual } from "../../layers.ts";
import { compileReference } from "../support/compile_reference.ts";
import { Generator } from "../../src/random/generator.ts";
import { assertSame, type Data, draw, pass, range, type Results, type Shape, steps } from "../support/cells/trial.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { cellRoundings, distance, size, U, walk } from "../support/rounding.ts";
import { exact } from "../support/layers/cells.ts";
import { padded, transposed } from "../support/layers/padding.ts";

const SHAPE = { T: 7, B: 5 }, { T, B } = SHAPE, I = 3, H = 6, PLAN = { batch: B, steps: T };
const LENGTHS: readonly (readonly number[])[] = [[3, 7, 1, 7, 4], [2, 5, 1, 1, 3]];

const POOLS: Record<string, (width: number) => Layer> = {
  mean: (width) => pool(width, "mean"),
  max: (width) => pool(width, "max"),
  attention: (width) => attentionPool(width),
  "attention, 5 wide": (width) => attentionPool(width, { hidden: 5 }),
};

/** Each kind of pooling alone, and between other layers. */
const NETS: Record<string, Layer> = {};
for (const [name, make] of Object.entries(POOLS)) {
  NETS[name] = make(I);
  // The gradient of a dense layer sums over all rows.
  NETS[`${name} of a dense layer`] = sequential({ dense: dense(I, H), pool: make(H) });
  const rnn = recurrent(gru(), { input: I, hidden: H, bidirectional: true });
  NETS[`${name} of a bidirectional layer`] = sequential({ rnn, pool: make(2 * H), decoder: dense(2 * H, 4) });
}

/** The row of one sequence `[L, width]`, by plain loops in doubles. */
const NAIVE: Record<string, (x: number[][], parameters: Record<string, Float32Array>) => number[]> = {
  mean: (x) => x[0].map((_, c) => x.reduce((sum, row) => sum + row[c], 0) / x.length),
  max: (x) => x[0].map((_, c) => Math.max(...x.map((row) => row[c]))),
  attention: (x, { weight, bias, query }) => {
    const width = x[0].length, dot = (a: ArrayLike<number>, b: number[]) => b.reduce((sum, v, i) => sum + a[i] * v, 0);
    const scores = x.map((row) => {
      const keys = [...bias].map((b, h) => Math.tanh(b + dot(weight.subarray(h * width, (h + 1) * width), row)));
      return dot(query, keys);
    });
    const e = scores.map(Math.exp), sum = e.reduce((a, b) => a + b);
    return x[0].map((_, c) => x.reduce((y, row, t) => y + e[t] / sum * row[c], 0));
  },
};

/** Random sizes, lengths and numbers. */
function drawCase(random: Generator) {
  const shape = { T: 1 + random.integer(12), B: 1 + random.integer(9) }, width = 1 + random.integer(19);
  const hidden = 1 + random.integer(12), longest = 1 + random.integer(shape.T);
  const lengths = random.uniform() < 0.7 ? range(shape.B).map(() => 1 + random.integer(longest)) : undefined;
  return { shape, width, hidden, lengths, plan: { batch: shape.B + random.integer(3), steps: shape.T + 2 } };
}

Deno.test("mean, max and attention == plain loops, for random sizes and lengths", async () => {
  for (const seed of range(60)) {
    const { shape, width, hidden, lengths, plan } = drawCase(new Generator(seed)), { T, B } = shape;
    for (const how of ["mean", "max", "attention"] as const) {
      const net = how === "attention" ? attentionPool(width, { hidden }) : pool(width, how);
      const data = draw(net, shape, seed), what = `seed ${seed}, ${how}`;
      using session = await exact(net, { ...plan, seed });
      const parameters = Object.fromEntries([...session.parameters()].map(([name, { data }]) => [name, data]));
      const output = session.forward(data.x, { batch: B, lengths });
      const want = range(B).flatMap((b) => NAIVE[how](sequence(data.x, shape, b, lengths?.[b] ?? T), parameters));
      // The roundings of chains of numbers below 1; for attention also those of scores, which exp amplifies.
      const bound = how === "max" ? 0 : how === "mean" ? (T + 2) * U : (T + 8 + 2 * (width + hidden)) * U;
      assert(distance(output, want) <= bound, `${what}: off by ${distance(output, want)}`);
    }
  }
});

Deno.test("gradients of mean and max == plain loops; the first of equal steps has the gradient of max", async () => {
  for (const seed of range(40)) {
    const { shape, width, lengths, plan } = drawCase(new Generator(seed)), { T, B } = shape;
    for (const how of ["mean", "max"] as const) {
      const net = pool(width, how), drawn = draw(net, shape, seed);
      const data = { ...drawn, x: drawn.x.map((value) => Math.round(3 * value)) }; // many numbers are equal
      using session = await exact(net, plan);
      const { dx } = pass(session, data, B, { lengths }), want = new Float32Array(dx.length);
      for (const b of range(B)) {
        const rows = sequence(data.x, shape, b, lengths?.[b] ?? T), L = rows.length;
        for (const c of range(width)) {
          const column = rows.map((row) => row[c]), first = column.indexOf(Math.max(...column));
          for (const t of range(L)) {
            const share = how === "mean" ? Math.fround(1 / L) : t === first ? 1 : 0;
            want[(t * B + b) * width + c] = share * data.dOutput[b * width + c];
          }
        }
      }
      assertEquals(distance(dx, want), 0, `seed ${seed}, ${how}`);
    }
  }
});

for (const [name, net] of Object.entries(NETS)) {
  const data = draw(net, SHAPE, 1);

  Deno.test(`${name}: the exact build == the f32 reference, both builds are near the f64 reference`, async () => {
    const options = { ...PLAN, train: true, seed: 3 };
    using session = await compile(net, { ...options, numerics: "exact" });
    using fast = await compile(net, { ...options, numerics: "fast" });
    using single = compileReference(net, options, "f32");
    using double = compileReference(net, options, "f64");
    for (const run of [single, double, fast]) run.setParameters(session.parameters());
    const bound = walk(4 * cellRoundings({ ...SHAPE, I: 2 * H, H }));
    for (const lengths of [undefined, ...LENGTHS]) {
      const got = pass(session, data, B, { lengths }), truth = pass(double, data, B, { lengths });
      assertSame(got, pass(single, data, B, { lengths }), `lengths ${lengths}`);
      for (const results of [got, pass(fast, data, B, { lengths })]) {
        for (const [tensor, want] of Object.entries(truth)) {
          const error = distance(results[tensor], want) / Math.max(1, size(want));
          assert(error <= bound, `${tensor} is off by ${error}, allowed is ${bound}`);
        }
      }
    }
  });

  Deno.test(`${name}: a row in a batch == the row alone, of its own length`, async () => {
    using session = await exact(net, PLAN);
    for (const lengths of LENGTHS) {
      const batch = pass(session, data, B, { lengths });
      for (const b of range(B)) {
        const alone = pass(session, shortRow(data, b, lengths[b]), 1), want = ofRows(alone, 1, [0]);
        const got = ofRows(batch, B, [b]), behind = steps(got.dx, T, lengths[b], T);
        assert(behind.every((value) => value === 0), "dx is not zero behind the row");
        assertSame({ ...got, dx: steps(got.dx, T, 0, lengths[b]) }, want, `lengths ${lengths}, row ${b}`);
        // Rows of zeros add nothing to a chain: a batch of one has the bits of the shorter sequence in every gradient.
        const padded = pass(session, shortRow(data, b, T), 1, { lengths: [lengths[b]] });
        assertSame({ ...padded, dx: alone.dx }, alone, `lengths ${lengths}, row ${b} with padding`);
      }
    }
  });

  Deno.test(`${name}: padding, and the order of rows and axes, change nothing`, async () => {
    using session = await exact(net, PLAN);
    using batchFirst = await exact(net, { ...PLAN, batchFirst: true });
    for (const lengths of LENGTHS) {
      const want = pass(session, { ...data, x: padded(data.x, SHAPE, lengths, 0) }, B, { lengths });
      pass(session, { ...data, x: data.x.map(() => NaN), dOutput: data.dOutput.map(() => NaN) }, B);
      for (const garbage of [NaN, Infinity, 1e9]) {
        const got = pass(session, { ...data, x: padded(data.x, SHAPE, lengths, garbage) }, B, { lengths });
        assertSame(got, want, `${garbage} behind ${lengths}`);
      }
      const order = [4, 2, 0, 3, 1], moved = rowsOf(data, order), other = { lengths: order.map((b) => lengths[b]) };
      assertSame(ofRows(pass(session, moved, B, other), B, range(B)), ofRows(want, B, order), "rows in another order");
      const turned = pass(batchFirst, { ...data, x: transposed(data.x, T, B) }, B, { lengths });
      assertSame({ ...turned, dx: transposed(turned.dx, B, T) }, want, "batch first");
    }
    const all = pass(session, data, B, { lengths: new Int32Array(B).fill(T) });
    assertSame(all, pass(session, data, B), "lengths that are all T");
  });

  Deno.test(`${name}: gradients against central differences`, async () => {
    // The scores' gradients sum to 0 over a sequence, so the gradients of attention's parameters are sums of terms that
    // cancel, down to 1/5000 of the largest term: their errors, at most 4e-8 of that term, reach 10 times the other
    // bound.
    const cancelled = name.startsWith("attention") ? 16 : 1;
    const bound = cancelled * walk(4 * cellRoundings({ T: 4, B: 3, I: 2 * H, H }));
    for (const lengths of [undefined, [4, 1, 3], [2, 2, 3]]) {
      const options = { batch: 3, steps: 4, lengths, seed: 5 };
      assertRight(await gradientCheck(net, options), bound, `lengths ${lengths}`);
      if (net.output.width < 4) continue;
      const check = await gradientCheck(net, { ...options, loss: crossEntropy(), y: [1, 3, 0] });
      assertRight(check, bound, `cross-entropy, lengths ${lengths}`);
    }
  });

  Deno.test(`${name}: streams and segments are refused`, async () => {
    using session = await exact(net, PLAN);
    assertThrows(() => session.stream(), OptionError, "must see a sequence whole");
    const training = { loss: crossEntropy(), optimizer: adam(), recompute: true };
    using short = await exact(sequential({ net, classes: dense(net.output.width, 4) }), {
      ...PLAN,
      steps: 2,
      ...training,
    });
    assertThrows(() => short.step({ x: data.x, y: [0, 1, 2, 3, 0] }), OptionError, "Cannot recompute");
  });
}

Deno.test("max: a NaN is the maximum, in its own sequence only", async () => {
  using session = await exact(pool(2, "max"), { batch: 2, steps: 3 });
  const output = session.forward([1, 2, NaN, 4, 5, NaN, 7, 8, 9, 9, NaN, NaN], { batch: 2, lengths: [3, 2] });
  assertEquals([...output], [9, NaN, NaN, 8]);
});

Deno.test("attention: a score far above the others has weight 1", async () => {
  using session = await exact(attentionPool(1, { hidden: 1 }), { batch: 1, steps: 4 });
  const tensor = (shape: number[], value: number) => ({ shape, data: Float32Array.of(value) });
  const tensors = { weight: tensor([1, 1], 10), bias: tensor([1], 0), query: tensor([1], 1000) };
  session.setParameters(new Map(Object.entries(tensors)));
  assertAlmostEquals(session.forward([-1, -2, 3, -4])[0], 3, 4 * U);
});

/** Whether the net learns to classify sequences of 2 to 10 tokens below 8. */
async function learns(make: Layer, classOf: (tokens: number[]) => number): Promise<void> {
  const net = sequential({ embedding: embedding(8, 12), make, decoder: dense(12, 2) });
  const plan = {
    batch: 40,
    steps: 10,
    batchFirst: true,
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.02 }),
  };
  using session = await compile(net, { ...plan, seed: 1 });
  const random = new Generator(2);
  function batch() {
    const rows = range(40).map(() => range(2 + random.integer(9)).map(() => random.integer(8)));
    const x = rows.flatMap((row) => range(10).map((t) => row[t] ?? 0));
    return { x, y: rows.map(classOf), lengths: rows.map((row) => row.length) };
  }
  for (const _ of range(400)) {
    const { x, y, lengths } = batch();
    session.step({ x, y }, { lengths });
  }
  const { x, y, lengths } = batch(), logits = session.forward(x, { lengths });
  const right = y.filter((class_, b) => (logits[2 * b + 1] > logits[2 * b] ? 1 : 0) === class_).length;
  assert(right >= 38, `${right} of 40 unseen sequences`);
}

Deno.test("mean pooling learns a majority", async () => {
  await learns(pool(12, "mean"), (tokens) => 2 * tokens.filter((token) => token < 4).length > tokens.length ? 1 : 0);
});

Deno.test("max pooling learns whether a sequence has a token", async () => {
  await learns(pool(12, "max"), (tokens) => tokens.includes(3) ? 1 : 0);
});

Deno.test("attention pooling learns whether a sequence has a token", async () => {
  await learns(attentionPool(12), (tokens) => tokens.includes(3) ? 1 : 0);
});

Deno.test("a checkpoint of mean pooling does not fit max pooling", async () => {
  const options = { ...PLAN, loss: squaredError(), optimizer: sgd() };
  using mean = await compile(pool(2, "mean"), options);
  using max = await compile(pool(2, "max"), options);
  assertThrows(() => max.restore(mean.checkpoint()), ShapeError, "mean pooling");
});

Deno.test("inputs that cannot be pooled are refused", async () => {
  assertThrows(() => pool(0, "mean"), OptionError, '"width" must be an integer >= 1, got 0');
  assertThrows(() => pool(3, "sum" as "mean"), OptionError, '"how" must be one of "mean", "max", got "sum"');
  assertThrows(() => attentionPool(1.5), OptionError, '"width"');
  assertThrows(() => attentionPool(3, { hidden: 0 }), OptionError, '"hidden"');
  assertThrows(() => residual(pool(3, "mean")), ShapeError, "a row for each step");
  const rnn = recurrent(gru(), { input: 2, hidden: 3, output: "last" });
  for (const layer of [pool(3, "max"), attentionPool(3)]) {
    await assertRejects(() => compile(sequential({ rnn, layer }), PLAN), ShapeError, "no steps");
    await assertRejects(
      () => compile(sequential({ hot: oneHot(3), layer }), PLAN),
      ShapeError,
      "its input must be values",
    );
    const again = recurrent(gru(), { input: 3, hidden: 3 });
    await assertRejects(() => compile(sequential({ layer, again }), PLAN), ShapeError, "no steps");
  }
});

/** The first L steps of row b of `[T, B, width]`. */
function sequence(x: Float32Array, { T, B }: Shape, b: number, L: number): number[][] {
  const width = x.length / (T * B);
  return range(L).map((t) => [...x.subarray((t * B + b) * width, (t * B + b + 1) * width)]);
}

/** Some rows of every step of a `[T, B, ...]` or `[B, ...]` tensor. */
function take(data: Float32Array, T: number, B: number, rows: readonly number[]): Float32Array {
  const width = data.length / (T * B), at = (t: number, b: number) => (t * B + b) * width;
  const taken = range(T).flatMap((t) => rows.flatMap((b) => [...data.subarray(at(t, b), at(t, b) + width)]));
  return Float32Array.from(taken);
}

function rowsOf(data: Data, rows: readonly number[]): Data {
  const of = (states: Results) => mapped(states, (state) => take(state, 1, B, rows));
  const { x, dOutput, states, dStates } = data;
  return { x: take(x, T, B, rows), dOutput: take(dOutput, 1, B, rows), states: of(states), dStates: of(dStates) };
}

/** The first steps of one row of data. */
function shortRow(data: Data, b: number, length: number): Data {
  const alone = rowsOf(data, [b]);
  return { ...alone, x: steps(alone.x, T, 0, length).slice() };
}

/** Some rows of all results but the parameters' gradients. The length of dx gives its number of steps. */
function ofRows(results: Results, B: number, rows: readonly number[]): Results {
  const own = Object.entries(results).filter(([name]) => !name.startsWith("gradient"));
  return Object.fromEntries(
    own.map(([name, data]) => [name, take(data, name === "dx" ? data.length / (B * I) : 1, B, rows)]),
  );
}

function mapped(tensors: Results, f: (tensor: Float32Array) => Float32Array): Results {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor)]));
}
