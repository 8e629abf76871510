/** Layers that read several steps at once: lengths, padding, streams, segments, threads, refusals. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compile,
  dense,
  gru,
  type Layer,
  OptionError,
  recurrent,
  sequential,
  sgd,
  ShapeError,
  squaredError,
} from "../../mod.ts";
import { gradientCheck } from "../../check.ts";
import { load } from "../../inference.ts";
import {
  attention,
  averagePool1d,
  batchNorm,
  conv1d,
  flatten,
  graph,
  maxPool1d,
  pool,
  repeat,
  reshape,
  values,
} from "../../layers.ts";
import { Generator } from "../../src/random/generator.ts";

const random = new Generator(2);
const numbers = (n: number) => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1);

const I = 3, T = 9, B = 3, LENGTHS = [6, 9, 4];

/** Layers from rows of 3, with the number of steps that each gives for L steps. */
const LAYERS: Readonly<Record<string, [layer: Layer, steps: (L: number) => number]>> = {
  valid: [conv1d(I, 4, 3), (L) => L - 2],
  same: [conv1d(I, 4, 4, { padding: "same" }), (L) => L],
  causal: [conv1d(I, 4, 3, { padding: "causal" }), (L) => L],
  "causal with strides": [conv1d(I, 4, 3, { padding: "causal", strides: 2 }), (L) => Math.floor((L - 1) / 2) + 1],
  "strides and dilation": [conv1d(I, 4, 2, { strides: 3, dilation: 2 }), (L) => Math.floor((L - 3) / 3) + 1],
  groups: [conv1d(I, 6, 2, { groups: 3, bias: false }), (L) => L - 1],
  "a kernel of 1": [conv1d(I, 4, 1), (L) => L],
  "strides beyond the kernel": [conv1d(I, 4, 1, { strides: 4 }), (L) => Math.floor((L - 1) / 4) + 1],
  maximum: [maxPool1d(I, 2), (L) => Math.floor(L / 2)],
  "overlapping maximum": [maxPool1d(I, 3, { strides: 1 }), (L) => L - 2],
  mean: [averagePool1d(I, 3, { strides: 2 }), (L) => Math.floor((L - 3) / 2) + 1],
  "batch norm": [batchNorm(I), (L) => L],
  wider: [reshape(I, 2 * I), (L) => Math.ceil(L / 2)],
  narrower: [reshape(I, 1), (L) => 3 * L],
};

for (const [name, [layer, stepsOf]] of Object.entries(LAYERS)) {
  Deno.test(`${name}: lengths, a row alone and in company, padding never read`, async () => {
    for (const numerics of ["fast", "exact"] as const) {
      using session = await compile(layer, { batch: B, steps: T, train: true, numerics });
      const x = numbers(T * B * I), width = layer.output.width, most = stepsOf(T);
      const padded = x.map((value, i) => Math.floor(i / (B * I)) < LENGTHS[Math.floor(i / I) % B] ? value : NaN);
      const whole = session.forward(padded, { lengths: LENGTHS });
      assertEquals(whole.length, most * B * width);
      const dy = numbers(whole.length), { dx } = session.backward(dy), row = (t: number, b: number) => t * B + b;
      const gradients = session.gradients();
      for (const { data } of gradients.values()) assert(data.every(Number.isFinite));
      for (let b = 0; b < B; b++) {
        const L = LENGTHS[b], own = new Float32Array(L * I), dOwn = new Float32Array(stepsOf(L) * width);
        for (let t = 0; t < L; t++) own.set(x.subarray(row(t, b) * I, (row(t, b) + 1) * I), t * I);
        for (let t = 0; t < stepsOf(L); t++) {
          dOwn.set(dy.subarray(row(t, b) * width, (row(t, b) + 1) * width), t * width);
        }
        const alone = session.forward(own, { batch: 1 }), { dx: dAlone } = session.backward(dOwn);
        assertEquals(alone.length, stepsOf(L) * width);
        for (let t = 0; t < most; t++) {
          const want = t < stepsOf(L) ? alone.slice(t * width, (t + 1) * width) : new Float32Array(width);
          assertEquals(whole.slice(row(t, b) * width, (row(t, b) + 1) * width), want);
        }
        for (let t = 0; t < T; t++) {
          const want = t < L ? dAlone!.slice(t * I, (t + 1) * I) : new Float32Array(I);
          assertEquals(dx!.slice(row(t, b) * I, (row(t, b) + 1) * I), want);
        }
      }
    }
  });

  Deno.test(`${name}: gradients, threads, and the bits of a net that only runs`, async () => {
    for (const lengths of [undefined, LENGTHS]) {
      const check = await gradientCheck(layer, { batch: B, steps: T, lengths });
      assert(check.ok, String(check));
    }
    const net = sequential({ layer, rnn: recurrent(gru(), { input: layer.output.width, hidden: 3 }), o: dense(3, 2) });
    const x = numbers(T * B * I), y = numbers(stepsOf(T) * B * 2);
    const options = { batch: B, steps: T, loss: squaredError(), optimizer: sgd(), numerics: "exact" } as const;
    using session = await compile(net, options);
    using loaded = await load(net, session.parameters(), { batch: B, steps: T, numerics: "exact" });
    assertEquals(loaded.forward(x, { lengths: LENGTHS }), session.forward(x, { lengths: LENGTHS }));
    const { loss } = session.step({ x, y }, { lengths: LENGTHS });
    for (const threads of [2, 3]) {
      using other = await compile(net, { ...options, threads });
      assertEquals(other.step({ x, y }, { lengths: LENGTHS }).loss, loss);
      assertEquals(other.parameters(), session.parameters());
    }
  });
}

Deno.test("behind a convolution with strides: both directions, dropout, flow of gradients, statistics", async () => {
  const net = sequential({
    conv: conv1d(I, 4, 2, { strides: 2 }),
    rnn: recurrent(gru(), { input: 4, hidden: 3, layers: 2, bidirectional: true, dropout: 0.3 }),
    pool: pool(6, "mean"),
    output: dense(6, 2),
  });
  const check = await gradientCheck(net, { batch: B, steps: T, lengths: LENGTHS });
  assert(check.ok, String(check));
  using session = await compile(net, { batch: B, steps: T, train: true, gradientFlow: true });
  session.forward(numbers(T * B * I), { lengths: LENGTHS });
  session.backward(numbers(B * 2));
  assertEquals(session.gradientFlow().get("rnn.l0")!.length, 4); // floor((9 - 2) / 2) + 1
  assert(session.gradientFlow().get("rnn.l1_reverse")!.every((norm) => norm > 0));
  assertEquals([...session.activations().keys()].slice(0, 2), ["conv", "rnn.l0"]);
});

Deno.test("a causal convolution in streams, carried on and in segments: the bits of the whole sequence", async () => {
  const net = sequential({
    conv: conv1d(I, 4, 3, { padding: "causal", dilation: 2 }),
    again: conv1d(4, 4, 2, { padding: "causal", groups: 2 }),
    rnn: recurrent(gru(), { input: 4, hidden: 3 }),
  });
  assertEquals(net.states!.map(({ name, width }) => [name, width]), [
    ["conv.inputs", 4 * I],
    ["again.inputs", 4],
    ["rnn.h_l0", 3],
  ]);
  const options = { batch: B, loss: squaredError({ reduction: "sum" }), optimizer: sgd(), numerics: "exact" } as const;
  using whole = await compile(net, { ...options, steps: T });
  using cut = await compile(net, { ...options, steps: 2, recompute: true });
  const x = numbers(T * B * I), y = numbers(T * B * 3), want = whole.forward(x), stream = cut.stream({ batch: B });
  for (let t = 0; t < T; t++) {
    assertEquals(stream.step(x.slice(t * B * I, (t + 1) * B * I)), want.slice(t * B * 3, (t + 1) * B * 3));
  }
  whole.forward(x.slice(0, 4 * B * I));
  assertEquals(whole.forward(x.slice(4 * B * I), { states: "carry" }), want.slice(4 * B * 3));
  for (const lengths of [undefined, LENGTHS]) {
    whole.accumulate({ x, y }, { lengths });
    cut.accumulate({ x, y }, { lengths });
    assertEquals(cut.gradients(), whole.gradients());
    assertEquals(cut.states(), whole.states());
    whole.discard();
    cut.discard();
  }
});

Deno.test("other convolutions refuse streams, segments and sequences that are too short, with the reason", async () => {
  const reasons: [Layer, string][] = [
    [conv1d(I, 2, 3), 'a convolution with padding "valid"'],
    [conv1d(I, 2, 3, { padding: "same" }), 'a convolution with padding "same"'],
    [conv1d(I, 2, 3, { padding: "causal", strides: 2 }), "a convolution with strides"],
    [maxPool1d(I, 2), "a pooling layer"],
    [reshape(I, 6), "a reshaping"],
    [flatten(I, T), "a layer that flattens"],
  ];
  for (const [layer, reason] of reasons) {
    using session = await compile(layer, { batch: 1, steps: T });
    assertThrows(() => session.stream(), OptionError, `${reason} must see a sequence whole`);
  }
  const net = sequential({ conv: conv1d(I, 4, 3), more: conv1d(4, 4, 3, { strides: 2 }), pool: pool(4, "max") });
  using session = await compile(net, { batch: 2, steps: T });
  session.forward(numbers(T * 2 * I), { lengths: [5, 9] });
  const before = session.output();
  const refused = "Cannot run a convolution over a sequence of 2 steps: it is too short";
  assertThrows(() => session.forward(numbers(T * 2 * I), { lengths: [9, 4] }), ShapeError, refused);
  assertThrows(() => session.forward(numbers(4 * 2 * I)), ShapeError, refused);
  assertEquals(session.output(), before);
  await assertRejects(
    () => compile(conv1d(I, 2, 3), { batch: 1, steps: 2 }),
    ShapeError,
    "of 2 steps: it is too short",
  );
});

Deno.test("wrong options are refused", () => {
  assertThrows(() => conv1d(4, 6, 3, { groups: 4 }), OptionError, '"groups" must divide both widths, 4 and 6, got 4');
  assertThrows(() => conv1d(4, 6, 3, { padding: "same", strides: 2 }), OptionError, '"strides" must be 1');
  assertThrows(() => conv1d(4, 6, 0), OptionError, '"kernel"');
  assertThrows(() => conv1d(4, 6, 3, { stride: 2 } as never), OptionError, 'did you mean "strides"?');
  assertThrows(() => reshape(4, 6), OptionError, '"output" must be a multiple or a divisor of 4, got 6');
  assertThrows(() => maxPool1d(2, 2, { strides: 0 }), OptionError, '"strides"');
  assertThrows(() => attention({ scale: NaN }), OptionError, '"scale"');
  const x = values(2), one = values(2, { steps: "one" });
  const joined = (join: ReturnType<typeof repeat>, ...reads: string[]) => () =>
    graph({ inputs: { x, one }, layers: { a: [join, ...reads] }, outputs: "a" });
  assertThrows(joined(repeat(), "x", "one"), ShapeError, "Cannot repeat");
  assertThrows(joined(attention(), "x", "one"), ShapeError, "Cannot attend");
});

Deno.test("batch norm: no training changes the statistics", async () => {
  const net = sequential({ norm: batchNorm(I), output: dense(I, 1) });
  using session = await compile(net, {
    batch: B,
    steps: T,
    loss: squaredError(),
    optimizer: sgd({ weightDecay: 0.5 }),
  });
  const before = session.parameters();
  for (let i = 0; i < 3; i++) session.step({ x: numbers(T * B * I), y: numbers(T * B) });
  const after = session.parameters();
  for (const name of ["norm.running_mean", "norm.running_var"]) assertEquals(after.get(name), before.get(name));
  for (const name of ["norm.weight", "norm.bias"]) {
    assert(after.get(name)!.data.every((value, i) => value !== before.get(name)!.data[i]), name);
  }
  assert(/running_mean.*frozen/.test(session.summary()));
});

Deno.test("attention: weights of a mean where all keys are equal", async () => {
  const net = graph({
    inputs: { q: values(2), k: values(2) },
    layers: { a: [attention(), "q", "k", "q"] },
    outputs: "a",
  });
  using session = await compile(net, { batch: 1, steps: 3 });
  const q = [1, 2, 3, 4, 5, 9], got = session.forward({ q, k: [1, 1, 1, 1, 1, 1] });
  got.forEach((value, i) => assertAlmostEquals(value, [3, 5][i % 2], 1e-5));
});
