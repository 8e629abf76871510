/** Nets that branch: the order of gradients, inputs and outputs by name, lengths, streams, segments, threads, files. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  adam,
  compile,
  crossEntropy,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  lstm,
  OptionError,
  recurrent,
  sequential,
  sgd,
  ShapeError,
  squaredError,
} from "../../mod.ts";
import { gradientCheck } from "../../check.ts";
import { load } from "../../inference.ts";
import { add, average, concat, conv1d, graph, multiply, repeat, tokens, values } from "../../layers.ts";
import { lossByOutput } from "../../losses.ts";
import { Generator } from "../../src/random/generator.ts";
import { exact } from "../support/layers/cells.ts";

type Named = Record<string, Float32Array>;

const T = 6, B = 4, LENGTHS = [3, 6, 1, 4];
const random = new Generator(1);
const numbers = (n: number) => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1);

/** Two inputs, two outputs, a layer under two names, tensors that are read twice. */
function branching(): Layer {
  const shared = dense(5, 5);
  return graph({
    inputs: { text: tokens(7), age: values(2, { steps: "one" }) },
    layers: {
      embed: [embedding(7, 5), "text"],
      drop: [dropout(5, 0.3), "embed"],
      first: [shared, "drop"],
      rnn: [recurrent(gru(), { input: 5, hidden: 5 }), "first"],
      skip: [add(), "rnn", "first"],
      again: [shared, "skip"],
      last: [recurrent(lstm(), { input: 5, hidden: 3, output: "last" }), "again"],
      joined: [concat(), "last", "age"],
      tags: [dense(5, 3), "joined"],
      ages: [repeat(), "age", "skip"],
      seen: [concat(), "skip", "ages"],
      score: [dense(7, 2), "seen"],
    },
    outputs: ["tags", "score"],
  });
}

function data(rows = B) {
  const text = Float64Array.from({ length: T * rows }, () => random.integer(7)), age = numbers(rows * 2);
  const tags = Float64Array.from({ length: rows }, () => random.integer(3)), score = numbers(T * rows * 2);
  return { x: { text, age }, y: { tags, score } };
}

const LOSS = lossByOutput({ tags: crossEntropy(), score: [squaredError(), 0.25] });
const TRAINING = { batch: B, steps: T, loss: LOSS, optimizer: adam({ learningRate: 0.01 }) };

Deno.test("a chain as a graph is the sequential net, bit for bit", async () => {
  const layers = { a: dense(3, 4), rnn: recurrent(gru(), { input: 4, hidden: 5, layers: 2 }), o: dense(5, 2) };
  const chain = sequential(layers);
  const net = graph({
    inputs: { x: values(3) },
    layers: { a: [layers.a, "x"], rnn: [layers.rnn, "a"], o: [layers.o, "rnn"] },
    outputs: "o",
  });
  assertEquals(net.parameters, chain.parameters);
  const x = numbers(T * B * 3), y = numbers(T * B * 2), options = { ...TRAINING, loss: squaredError() };
  using one = await compile(chain, options);
  using other = await compile(net, options);
  for (let i = 0; i < 3; i++) {
    assertEquals(other.step({ x, y }, { lengths: LENGTHS }), one.step({ x, y }, { lengths: LENGTHS }));
  }
  assertEquals(other.parameters(), one.parameters());
  assertEquals(other.plan, one.plan);
});

Deno.test("the gradient of a tensor that is read several times is summed from the last reader to the first", async () => {
  // Each reader multiplies by a number of its own. In this order of addition 1 is lost; in the other one it is not.
  const factors = [1, 2 ** 30, -(2 ** 30)], names = ["a", "b", "c"];
  const net = graph({
    inputs: { x: values(1) },
    layers: { a: [dense(1, 1), "x"], b: [dense(1, 1), "x"], c: [dense(1, 1), "x"], y: [add(), "a", "b", "c"] },
    outputs: "y",
  });
  using session = await exact(net, { batch: 1, steps: 1 });
  const set = (order: number[]) => {
    session.setParameters(
      new Map(names.flatMap((name, i) => [
        [`${name}.weight`, { shape: [1, 1], data: [order[i]] }],
        [`${name}.bias`, { shape: [1], data: [0] }],
      ])),
    );
    session.forward([1]);
    return session.backward([1]).dx![0];
  };
  assertEquals(set(factors), 1); // (-2^30 + 2^30) + 1
  assertEquals(set(factors.toReversed()), 0); // (1 + 2^30) - 2^30
});

Deno.test("an output that is also read: its own gradient comes first", async () => {
  const net = graph({
    inputs: { x: values(1) },
    layers: { a: [dense(1, 1), "x"], b: [dense(1, 1), "a"] },
    outputs: ["a", "b"],
  });
  using session = await exact(net, { batch: 1, steps: 1 });
  session.setParameters(
    new Map(["a", "b"].flatMap((name) => [
      [`${name}.weight`, { shape: [1, 1], data: [3] }],
      [`${name}.bias`, { shape: [1], data: [0] }],
    ])),
  );
  const { a, b } = session.forward<Named>([2]);
  assertEquals([a[0], b[0]], [6, 18]);
  assertEquals([...session.backward({ a: [1], b: [1] }).dx!], [3 * (1 + 3)]);
});

Deno.test("a layer under two names is one layer", async () => {
  const net = branching();
  assert("first.weight" in net.parameters && !("again.weight" in net.parameters));
  assertEquals(net.tied, { "again.weight": "first.weight", "again.bias": "first.bias" });
  using session = await compile(net, TRAINING);
  session.step(data());
  const all = session.parameters();
  assertStrictEquals(all.get("again.weight"), all.get("first.weight"));
  assertStringIncludes(session.summary(), "is again.weight");
  const inner = sequential({ in: dense(2, 2), out: dense(2, 2) }, { tied: { "in.weight": "out.weight" } });
  const nested = graph({ inputs: { x: values(2) }, layers: { a: [inner, "x"], b: [inner, "a"] }, outputs: "b" });
  assertEquals(Object.keys(nested.parameters), ["a.in.bias", "a.out.weight", "a.out.bias"]);
  const check = await gradientCheck(nested);
  assert(check.ok, String(check));
});

Deno.test("gradients of a net with several inputs and outputs", async () => {
  for (const loss of [undefined, LOSS]) {
    const { x, y } = data();
    const check = await gradientCheck(branching(), { batch: B, steps: T, lengths: LENGTHS, x, loss, y: loss && y });
    assert(check.ok, String(check));
  }
});

Deno.test("gradients of random graphs", async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const check = await gradientCheck(randomGraph(seed), { steps: 5, batch: 3, lengths: [2, 5, 4], seed });
    assert(check.ok, `seed ${seed}\n${check}`);
  }
});

/** A graph in which each layer reads one or two of those before it, and all that is left over is joined. */
function randomGraph(seed: number): Layer {
  const random = new Generator(seed), width = 3, names = ["x"], unread = new Set<string>();
  // deno-lint-ignore no-explicit-any -- layers and joins
  const layers: Record<string, any> = {};
  const pick = () => names[random.integer(names.length)];
  const makers = [
    () => [dense(width, width)],
    () => [recurrent(gru(), { input: width, hidden: width })],
    () => [recurrent(lstm(), { input: width, hidden: width, bidirectional: true, merge: "sum" })],
    () => [conv1d(width, width, 2 + random.integer(2), { padding: random.integer(2) ? "same" : "causal" })],
    () => [dropout(width, 0.2)],
    () => [[add, average, multiply][random.integer(3)](), pick(), pick()],
    () => [[add, average, multiply][random.integer(3)](), pick(), pick(), pick()],
  ];
  const before: unknown[] = [];
  for (let i = 0; i < 6; i++) {
    const [layer, ...reads] = makers[random.integer(makers.length)]();
    // Now and then a layer again, with the same parameters.
    const old = random.integer(4) === 0 ? before[random.integer(before.length || 1)] : undefined;
    const name = `l${i}`, node = [old ?? layer, ...(old || !reads.length ? [pick()] : reads)];
    for (const read of node.slice(1)) unread.delete(read as string);
    if (!reads.length) before.push(layer);
    layers[name] = node;
    names.push(name);
    unread.add(name);
  }
  if (unread.size > 1) layers.all = [concat(), ...unread];
  const last = names.at(-1)!, isRead = Object.values(layers).some((node) => node.includes("x"));
  if (!isRead) layers.l0 = [dense(width, width), "x"];
  return graph({ inputs: { x: values(width) }, layers, outputs: unread.size > 1 ? ["all", last] : last });
}

Deno.test("rows have the same bits alone and in company, padding is never read, 1, 2 and 3 threads are equal", async () => {
  const { x, y } = data();
  for (const numerics of ["exact", "fast"] as const) {
    using session = await compile(branching(), { ...TRAINING, numerics });
    const whole = session.forward<Named>(x, { lengths: LENGTHS });
    const padded = { ...x, text: x.text.map((token, i) => Math.floor(i / B) < LENGTHS[i % B] ? token : NaN) };
    assertEquals(session.forward<Named>(padded, { lengths: LENGTHS }), whole);
    for (let b = 0; b < B; b++) {
      const text = x.text.filter((_, i) => i % B === b).slice(0, LENGTHS[b]), age = x.age.slice(2 * b, 2 * b + 2);
      const alone = session.forward<Named>({ text, age }, { batch: 1 });
      assertEquals(alone.tags, whole.tags.slice(3 * b, 3 * b + 3));
      for (let t = 0; t < LENGTHS[b]; t++) {
        assertEquals(alone.score.slice(2 * t, 2 * t + 2), whole.score.slice(2 * (t * B + b), 2 * (t * B + b + 1)));
      }
    }
    const step = session.step({ x, y }, { lengths: LENGTHS });
    for (const threads of [2, 3]) {
      using other = await compile(branching(), { ...TRAINING, numerics, threads });
      assertEquals(other.forward<Named>(x, { lengths: LENGTHS }), whole);
      assertEquals(other.step({ x, y }, { lengths: LENGTHS }), step);
      assertEquals(other.parameters(), session.parameters());
    }
  }
});

Deno.test("batch-first, weights of targets, losses and gradients by name", async () => {
  const { x, y } = data(2),
    first = (all: ArrayLike<number>, width: number) =>
      Float64Array.from({ length: all.length }, (_, i) => {
        const row = Math.floor(i / width), [b, t] = [Math.floor(row / T), row % T];
        return all[(t * 2 + b) * width + i % width];
      });
  const size = { ...TRAINING, batch: 2 };
  using session = await compile(branching(), size);
  using other = await compile(branching(), { ...size, batchFirst: true });
  const turned = { x: { ...x, text: first(x.text, 1) }, y: { ...y, score: first(y.score, 2) } };
  assertEquals(other.evaluate(turned), session.evaluate({ x, y }));
  assertEquals(session.evaluate({ x, y }).count, 2 + T * 2);
  const { tags, score } = session.losses<Named>({ x, y });
  const mean = (all: Float32Array) => all.reduce((sum, value) => sum + value, 0) / all.length;
  const { loss } = session.evaluate({ x, y });
  assert(Math.abs(loss - mean(tags) - 0.25 * mean(score)) < 1e-6);
  const weighted = session.evaluate({ x, y, weights: { tags: [1, 0], score: [0, 2] } });
  const late = score.filter((_, i) => Math.floor(i / 2) % 2 === 1);
  assert(Math.abs(weighted.loss - tags[0] - 0.25 * mean(late)) < 1e-6);
  session.forward(x, { training: true });
  const { dx } = session.backward<Record<string, Float32Array | undefined>>({
    tags: numbers(6),
    score: numbers(T * 4),
  });
  assertEquals(dx.text, undefined);
  assertEquals(dx.age!.length, 4);
  assertEquals([...session.activations().keys()].slice(0, 3), ["embed", "drop", "first"]);
});

Deno.test("streams, carried states and segments of a graph give the bits of the whole", async () => {
  const net = graph({
    inputs: { x: values(3), speed: values(1) },
    layers: {
      both: [concat(), "x", "speed"],
      rnn: [recurrent(gru(), { input: 4, hidden: 4, layers: 2 }), "both"],
      conv: [conv1d(4, 4, 3, { padding: "causal", dilation: 2 }), "rnn"],
      sum: [add(), "conv", "rnn", "both"],
      a: [dense(4, 2), "sum"],
      b: [dense(4, 1), "conv"],
    },
    outputs: ["a", "b"],
  });
  const steps = 12, x = { x: numbers(steps * B * 3), speed: numbers(steps * B) };
  const y = { a: numbers(steps * B * 2), b: numbers(steps * B) }, lengths = [12, 3, 7, 1];
  const loss = lossByOutput({ a: [squaredError({ reduction: "sum" }), 0.5], b: squaredError({ reduction: "sum" }) });
  const options = { batch: B, loss, optimizer: sgd({ learningRate: 0.01 }), numerics: "exact" } as const;
  using whole = await compile(net, { ...options, steps });
  using cut = await compile(net, { ...options, steps: 5, recompute: true });
  const want = whole.forward<Named>(x), stream = cut.stream({ batch: B });
  for (let t = 0; t < steps; t++) {
    const at = (all: Float32Array, width: number) => all.slice(t * B * width, (t + 1) * B * width);
    const got = stream.step<Named>({ x: at(x.x, 3), speed: at(x.speed, 1) });
    assertEquals(got, { a: at(want.a, 2), b: at(want.b, 1) });
  }
  for (const given of [undefined, lengths]) {
    whole.accumulate({ x, y }, { lengths: given });
    cut.accumulate({ x, y }, { lengths: given });
    assertEquals(cut.gradients(), whole.gradients());
    assertEquals(cut.states(), whole.states());
    whole.update();
    cut.update();
  }
  const half = (from: number, to: number) => ({
    x: x.x.slice(from * B * 3, to * B * 3),
    speed: x.speed.slice(from * B, to * B),
  });
  const later = whole.forward<Named>(x);
  whole.forward(half(0, 7));
  const { a } = whole.forward<Named>(half(7, steps), { states: "carry" });
  assertEquals(a, later.a.slice(7 * B * 2));
});

Deno.test("segments: an output with one row for a sequence counts in the last one", async () => {
  const net = graph({
    inputs: { x: values(2), age: values(1, { steps: "one" }) },
    layers: {
      ages: [repeat(), "age", "x"],
      both: [concat(), "x", "ages"],
      rnn: [recurrent(gru(), { input: 3, hidden: 4 }), "both"],
      each: [dense(4, 1), "rnn"],
      last: [recurrent(gru(), { input: 4, hidden: 2, output: "last" }), "rnn"],
    },
    outputs: ["each", "last"],
  });
  const steps = 8,
    x = { x: numbers(steps * 2 * 2), age: numbers(2) },
    y = { each: numbers(steps * 2), last: numbers(4) };
  const loss = lossByOutput({ each: squaredError(), last: squaredError() });
  using whole = await compile(net, { batch: 2, steps, loss, optimizer: sgd(), numerics: "exact" });
  using cut = await compile(net, { batch: 2, steps: 3, loss, optimizer: sgd(), numerics: "exact", recompute: true });
  const got = cut.accumulate({ x, y }), want = whole.accumulate({ x, y });
  assert(Math.abs(got.loss - want.loss) < 1e-6);
  assertEquals(cut.gradients(), whole.gradients());
  assertThrows(() => cut.accumulate({ x, y }, { lengths: [8, 5] }), OptionError, "Cannot recompute");
});

Deno.test("a checkpoint continues bit for bit, and another wiring is refused", async () => {
  const { x, y } = data();
  using one = await compile(branching(), TRAINING);
  one.step({ x, y });
  using other = await compile(branching(), TRAINING);
  other.restore(one.checkpoint());
  assertEquals(other.step({ x, y }), one.step({ x, y }));
  assertEquals(other.parameters(), one.parameters());
  const wired = (read: string) =>
    graph({
      inputs: { x: values(2) },
      layers: { a: [dense(2, 2), "x"], b: [dense(2, 2), "a"], c: [add(), "b", read] },
      outputs: "c",
    });
  const options = { batch: 1, steps: 1, train: true };
  using first = await compile(wired("a"), options);
  using second = await compile(wired("x"), options);
  assertThrows(() => second.restore(first.checkpoint()), ShapeError, "another net");
});

Deno.test("a tensor may have the name of any property", async () => {
  const net = graph({
    inputs: { x: values(2), toString: values(2) },
    layers: { length: [dense(2, 1), "x"], named: [dense(2, 1), "toString"] },
    outputs: ["length", "named"],
  });
  const loss = lossByOutput({ length: squaredError(), named: squaredError() });
  using session = await compile(net, { batch: 1, steps: 1, loss, optimizer: sgd() });
  const data = { x: { x: [1, 2], toString: [3, 4] }, y: { length: [1], named: [2] } } as never;
  assert(session.step(data).loss > 0);
});

Deno.test("a graph runs without what trains it", async () => {
  const { x } = data();
  using session = await compile(branching(), TRAINING);
  using loaded = await load(branching(), session.parameters(), { batch: B, steps: T });
  assertEquals(loaded.forward<Named>(x, { lengths: LENGTHS }), session.forward<Named>(x, { lengths: LENGTHS }));
});

Deno.test("what does not fit is refused, and the error names it", async () => {
  const x = values(2), d = dense(2, 2);
  // deno-lint-ignore no-explicit-any -- wrong on purpose
  const refused = (options: any, message: string, error: any = ShapeError) =>
    assertThrows(() => graph(options), error, message);
  refused(
    { inputs: { x }, layers: { a: [d, "y"] }, outputs: "a" },
    `what "a" reads must name inputs or layers before it (x), got "y"`,
  );
  refused({ inputs: { x }, layers: { a: [d, "b"], b: [d, "x"] }, outputs: "b" }, `got "b"`);
  refused({ inputs: { x }, layers: { a: [d, "x"], b: [d, "x"] }, outputs: "b" }, `nothing reads "a"`);
  refused({ inputs: { x, z: x }, layers: { a: [d, "x"] }, outputs: "a" }, `nothing reads "z"`);
  refused({ inputs: { x }, layers: { x: [d, "x"] }, outputs: "x" }, `must not have the name of an input, got "x"`);
  refused(
    { inputs: { x }, layers: { a: [dense(3, 2), "x"] }, outputs: "a" },
    `"a" takes values of width 3, "x" gives values of width 2`,
  );
  refused({ inputs: { x }, layers: { a: [d, "x", "x"] }, outputs: "a" }, `"a" must read 1 tensors, got 2`);
  refused({ inputs: { x }, layers: { a: [d, "x"] }, outputs: ["a", "a"] }, `must name each once`);
  refused({ inputs: { t: tokens(3) }, layers: {}, outputs: "t" }, `an output must be values, "t" is tokens below 3`);
  refused({ inputs: { x }, layers: { a: [d] }, outputs: "a" }, `"layers.a" must be`, OptionError);
  refused({ inputs: { x: 3 }, layers: { a: [d, "x"] }, outputs: "a" }, `"inputs.x" must be an input`, OptionError);
  refused({ inputs: { x }, layers: { a: [add(), "x"] }, outputs: "a" }, `"add" must read two or more`);
  refused(
    { inputs: { x, z: values(3) }, layers: { a: [add(), "x", "z"] }, outputs: "a" },
    `tensors of one width, got 2, 3`,
  );
  const one = values(2, { steps: "one" });
  refused(
    { inputs: { x, one }, layers: { a: [concat(), "x", "one"] }, outputs: "a" },
    `"repeat" gives a row for each step`,
  );
  const strided = conv1d(2, 2, 2, { strides: 2 });
  refused({ inputs: { x }, layers: { c: [strided, "x"], a: [add(), "x", "c"] }, outputs: "a" }, "with as many steps");

  using session = await compile(branching(), TRAINING);
  const { x: { text, age }, y } = data();
  const wrong = (x: Record<string, ArrayLike<number>>, message: string) =>
    assertThrows(() => session.forward(x), Error, message);
  wrong({ text }, `"age" must be an array`);
  wrong({ text, age, sex: age }, `unknown option "sex" of "x"`);
  wrong({ text, age: age.slice(1) }, `"age" must have shape [T, 4, 2] with T from 1 to 1`);
  wrong({ text: text.slice(1), age }, `"text" must have shape [T, 4]`);
  assertThrows(
    () => session.evaluate({ x: { text, age }, y: y.tags }),
    ShapeError,
    `expected the targets of each output`,
  );
  assertThrows(
    () => session.evaluate({ x: { text, age }, y: { tags: y.tags } as never }),
    ShapeError,
    `"y" must be an array`,
  );
  assertThrows(() => session.probabilities({ text, age }), OptionError, "several outputs");
  session.forward({ text, age });
  assertThrows(
    () => session.backward({ tags: numbers(3), score: y.score }),
    ShapeError,
    `"dOutput.tags": expected 4 rows`,
  );
  session.forward({ text, age });
  assertThrows(() => session.backward({ ...y, sex: age }), OptionError, `unknown option "sex" of "dOutput"`);
  const size = { batch: 1, steps: 1 };
  await assertRejects(() => compile(branching(), { ...size, loss: crossEntropy() }), OptionError, "lossByOutput");
  await assertRejects(() => compile(d, { ...size, loss: LOSS }), OptionError, "lossByOutput");
  const less = lossByOutput({ tags: crossEntropy() });
  await assertRejects(
    () => compile(branching(), { ...size, loss: less }),
    ShapeError,
    `"losses" must have one for "score"`,
  );
});
