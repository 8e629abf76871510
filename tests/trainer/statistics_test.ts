import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type ActivationStatistics,
  type Batch,
  clipNorm,
  compile,
  dense,
  fit,
  type Histogram,
  LanguageModel,
  type Layer,
  lstm,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  sgd,
  squaredError,
  type StatisticsEvent,
} from "../../mod.ts";
import { activation, residual } from "../../layers.ts";
import { Generator } from "../../src/random/generator.ts";
import { classifier, sums } from "../support/trainer/trainer_net.ts";

const T = 5, B = 3, LENGTHS = [2, 5, 3];
const random = new Generator(4);
const x = Float32Array.from({ length: T * B * 2 }, () => random.uniform() * 6 - 3);

/** Mean, deviation and share beyond 0.97 of the rows that are no padding. */
function described(output: Float32Array, width: number, lengths?: readonly number[]) {
  const values = Array.from(output).filter((_, i) => {
    const row = Math.floor(i / width);
    return !lengths || Math.floor(row / B) < lengths[row % B];
  });
  const n = values.length, mean = values.reduce((a, b) => a + b) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  return { mean, deviation, saturated: values.filter((value) => Math.abs(value) > 0.97).length / n, values };
}

/** Forty bins from the least value to the largest, which belongs to the last one. */
function binned(values: readonly number[]): Histogram {
  const low = Math.min(...values), high = Math.max(...values), width = (high - low) / 40;
  const edges = Array.from({ length: 40 }, (_, i) => low + i * width);
  const counts = new Array<number>(40).fill(0);
  for (const value of values) counts[edges.findLastIndex((edge) => edge <= value)]++;
  return { low, high, counts };
}

/** Exactly, but for the histogram. */
function assertDescribed(found: ActivationStatistics, { values, ...wanted }: ReturnType<typeof described>): void {
  const { histogram, ...others } = found;
  assertEquals(others, wanted);
  assertHistogram(histogram, values, "histogram");
}

/** Values next to an edge may be rounded to either side. */
function assertHistogram(found: Histogram, values: readonly number[], what: string): void {
  const { low, high, counts } = binned(values);
  assertEquals([found.low, found.high], [low, high], what);
  assertEquals(found.counts.reduce((a, b) => a + b), values.length, what);
  const moved = counts.reduce((sum, count, i) => sum + Math.abs(count - found.counts[i]), 0);
  assert(moved <= 4, `${what}: ${found.counts} instead of ${counts}`);
}

Deno.test("activations of every layer, without padding, are those of nets that end there", async () => {
  const saturating = sequential({ pre: dense(2, 4), tanh: activation("tanh", 4) });
  const layers: Record<string, Layer> = {
    below: residual(dense(2, 2)),
    rnn: recurrent(lstm(), { input: 2, hidden: [6, 5], dropout: 0.5, bidirectional: true }),
    head: sequential({ out: dense(10, 2), f: saturating }),
  };
  const names = ["below", "rnn.l0", "rnn.dropout_l0", "rnn.l1", "head.out", "head.f.pre", "head.f.tanh"];
  const options = { batch: B, steps: T, train: true, numerics: "exact" } as const;
  using session = await compile(sequential(layers), options);
  // Large weights, so that some outputs are saturated.
  const large = new Map(
    [...session.parameters()].map(([name, { shape, data }]) => [name, { shape, data: data.map((w) => 9 * w) }]),
  );
  session.setParameters(large);
  for (const lengths of [undefined, LENGTHS]) {
    const output = session.forward(x, { lengths }), found = session.activations();
    assertEquals([...found.keys()], names);
    assertEquals(session.output(), output);
    const ends: Record<string, [net: Layer, width: number]> = {
      below: [sequential({ below: layers.below }), 2],
      "rnn.l1": [sequential({ below: layers.below, rnn: layers.rnn }), 10],
      "head.f.tanh": [sequential(layers), 4],
    };
    for (const [name, [net, width]] of Object.entries(ends)) {
      using part = await compile(net, options);
      part.setParameters(new Map([...part.parameters().keys()].map((key) => [key, large.get(key)!])));
      const { mean, deviation, saturated, values } = described(part.forward(x, { lengths }), width, lengths);
      assertHistogram(found.get(name)!.histogram, values, name);
      assertEquals(found.get(name)!.saturated, saturated, name);
      // Sums of doubles in another order, as rows are sorted by length.
      assertAlmostEquals(found.get(name)!.mean, mean, 1e-13, name);
      assertAlmostEquals(found.get(name)!.deviation, deviation, 1e-13, name);
    }
    assert(found.get("head.f.tanh")!.saturated > 0);
    assertEquals(found.get("rnn.dropout_l0"), found.get("rnn.l0"), "nothing is dropped but in training");
  }
});

Deno.test("the one row of a sequence is counted once, tokens not at all", async () => {
  const net = sequential({
    in: oneHot(4),
    rnn: recurrent(lstm(), { input: 4, hidden: 3, output: "last" }),
    out: dense(3, 2),
  });
  using session = await compile(net, { batch: B, steps: T, train: true });
  const tokens = Array.from({ length: T * B }, (_, i) => i % 4), output = session.forward(tokens, { lengths: LENGTHS });
  assertEquals([...session.activations().keys()], ["rnn.l0", "out"]);
  assertDescribed(session.activations().get("out")!, described(output, 2));
  using alone = await compile(dense(2, 3), { batch: B, steps: T, train: true });
  const alike = described(alone.forward(x), 3);
  assertDescribed(alone.activations().get("output")!, alike);
});

Deno.test("statistics come every so many updates, before clipping", async () => {
  using session = await classifier({ clip: clipNorm(1e-3), optimizer: sgd({ learningRate: 0.1 }) });
  using again = await classifier({ clip: clipNorm(1e-3), optimizer: sgd({ learningRate: 0.1 }) });
  const data = sums(22), found: StatisticsEvent[] = [];
  let norm = 0, parameters = session.parameters(), after = parameters;
  for await (const event of fit(session, data, { epochs: 2, statistics: { every: 5 } })) {
    if (event.type === "step") {
      norm = event.gradientNorm;
      parameters = after;
      after = session.parameters();
    }
    if (event.type !== "statistics") continue;
    found.push(event);
    assertEquals([...event.gradients.keys()], [...parameters.keys()]);
    const squares = [...event.gradients.values()].reduce((sum, each) => sum + each * each, 0);
    assertAlmostEquals(Math.sqrt(squares), norm, 1e-6 * norm); // the norm is rounded to f32
    assert(norm > 1e-3);
    assertEquals([...event.activations.keys()], ["rnn.l0", "rnn.dropout_l0", "rnn.l1", "decoder"]);
    for (const [name, { data }] of parameters) assertHistogram(event.parameters.get(name)!, [...data], name);
  }
  assertEquals(found.map(({ step, epoch }) => [step, epoch]), [[5, 1], [10, 2]]);
  for await (const _ of fit(again, data, { epochs: 2 }));
  assertEquals(again.parameters(), session.parameters(), "looking changes nothing");
});

Deno.test("a language model's training says it with the step", async () => {
  const text = "abracadabra ".repeat(30), fitting = { batch: 4, unroll: 5, steps: 7 };
  using model = await LanguageModel.create(text, { hidden: [6, 5] });
  using quiet = await LanguageModel.create(text, { hidden: [6, 5] });
  const statistics = { every: 3, gradientFlow: true };
  const events = await Array.fromAsync(model.fit(text, { ...fitting, statistics }));
  assertEquals(events.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7]);
  assertEquals(events.flatMap((event) => event.statistics ? [event.step] : []), [3, 6]);
  const { gradients, activations, parameters, gradientFlow } = events[2].statistics!;
  assertEquals([...parameters.keys()], [...gradients.keys()]);
  assertEquals([...activations.keys()], ["rnn.l0", "rnn.l1", "decoder"]);
  assertEquals([...gradientFlow!].map(([name, norms]) => [name, norms.length]), [["rnn.l0", 5], ["rnn.l1", 5]]);
  assertEquals(events[0].learningRate, 2e-3);
  const others = await Array.fromAsync(quiet.fit(text, fitting));
  assertEquals(others, events.map(({ statistics: _, ...event }) => event), "looking changes nothing");
});

Deno.test("numbers that are not finite are in no bin, equal ones in the first", async () => {
  using session = await compile(dense(1, 1), { batch: 5, steps: 1, train: true });
  session.setParameters(new Map([["weight", { shape: [1, 1], data: [1] }], ["bias", { shape: [1], data: [0] }]]));
  session.forward([NaN, 2, Infinity, -1, 2]);
  const { low, high, counts } = session.activations().get("output")!.histogram;
  assertEquals([low, high, counts[0], counts[39], counts.reduce((a, b) => a + b)], [-1, 2, 1, 2, 3]);
  session.forward([3, 3, 3, 3, 3]);
  assertEquals(session.activations().get("output")!.histogram.counts[0], 5);
});

Deno.test("what memory does not hold is refused", async () => {
  const net = dense(1, 1), options = { batch: 1, steps: 2, recompute: true, loss: squaredError(), optimizer: sgd() };
  using session = await compile(net, options), untrained = await compile(net, { batch: 1, steps: 1 });
  const read = [() => session.output(), () => session.activations()];
  for (const each of read) assertThrows(each, OptionError, "there was no call");
  session.forward([1]);
  read.forEach((each) => each());
  const long: Batch = { x: [1, 2, 3], y: [1, 2, 3] };
  session.step(long);
  for (const each of read) assertThrows(each, OptionError, "does not hold");
  session.forward([1]);
  session.stream().step([2]);
  for (const each of read) assertThrows(each, OptionError, "does not hold");
  untrained.forward([1]);
  assertThrows(() => untrained.activations(), OptionError, '"train"');
  assertEquals(untrained.output().length, 1);
});
