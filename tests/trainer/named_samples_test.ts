/** Samples and metrics of nets with several inputs or outputs: as those of a net with one of each. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  compile,
  crossEntropy,
  dense,
  embedding,
  evaluate,
  fit,
  gru,
  OptionError,
  recurrent,
  sequential,
  sgd,
  ShapeError,
  squaredError,
} from "../../mod.ts";
import { concat, conv1d, graph, namedSamples, ofOutput, repeat, tokens, values } from "../../layers.ts";
import { lossByOutput } from "../../losses.ts";
import { accuracy, confusionMatrix } from "../../metrics.ts";
import { Generator } from "../../src/random/generator.ts";

type Named = Record<string, Float32Array>;

const random = new Generator(3), LENGTHS = [3, 5, 1, 4, 5, 2, 3], n = LENGTHS.length;
const numbers = (n: number) => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1);
const text = LENGTHS.map((T) => Int32Array.from({ length: T }, () => random.integer(6)));
const speed = LENGTHS.map((T) => numbers(T * 2)), age = Array.from(numbers(n));
const tags = Int32Array.from({ length: n }, () => random.integer(3)), score = LENGTHS.map(numbers);

const net = graph({
  inputs: { age: values(1, { steps: "one" }), text: tokens(6), speed: values(2) },
  layers: {
    embed: [embedding(6, 4), "text"],
    ages: [repeat(), "age", "speed"],
    both: [concat(), "embed", "speed", "ages"],
    rnn: [recurrent(gru(), { input: 7, hidden: 5 }), "both"],
    score: [dense(5, 1), "rnn"],
    last: [recurrent(gru(), { input: 5, hidden: 5, output: "last" }), "rnn"],
    tags: [dense(5, 3), "last"],
  },
  outputs: ["score", "tags"],
});
const reduction = "sum" as const;
const LOSS = lossByOutput({ tags: crossEntropy({ reduction }), score: [squaredError({ reduction }), 0.5] });
const OPTIONS = { batch: 4, steps: 5, loss: LOSS, optimizer: sgd({ learningRate: 0.05 }), numerics: "exact" } as const;
const DATA = { x: { text, speed, age }, y: { tags, score } };

Deno.test("samples by name are measured and trained as the single sequences are", async () => {
  for (const batchFirst of [false, true]) {
    using session = await compile(net, { ...OPTIONS, batchFirst });
    using single = await compile(net, { ...OPTIONS, batchFirst });
    let sum = 0;
    const right: number[] = [], matrix = Array.from({ length: 3 }, () => [0, 0, 0]);
    for (let i = 0; i < n; i++) {
      const data = { x: { text: text[i], speed: speed[i], age: [age[i]] }, y: { tags: [tags[i]], score: score[i] } };
      sum += single.evaluate(data, { batch: 1 }).loss;
      const { tags: logits } = single.output<Named>(), found = logits.indexOf(Math.max(...logits));
      right.push(Number(found === tags[i]));
      matrix[tags[i]][found]++;
      single.accumulate(data, { batch: 1 });
    }
    const metrics = { right: ofOutput("tags", accuracy()), confusion: ofOutput("tags", confusionMatrix()) };
    const found = await evaluate(session, namedSamples(DATA), { metrics });
    assertAlmostEquals(found.loss, sum, 1e-5);
    assertEquals(found.count, n + LENGTHS.reduce((a, b) => a + b));
    assertEquals(found.metrics.confusion, matrix);
    assertAlmostEquals(found.metrics.right, right.reduce((a, b) => a + b) / n, 1e-12);
    // One epoch of one update is the sum of the gradients of all sequences.
    await fit(session, namedSamples(DATA), { epochs: 1, accumulate: 2, shuffle: false });
    single.update();
    for (const [name, { data }] of session.parameters()) {
      const want = single.parameters().get(name)!.data;
      data.forEach((value, i) => assertAlmostEquals(value, want[i], 1e-5, `${name}[${i}]`));
    }
  }
});

Deno.test("weights by name: a metric and a loss of one output", async () => {
  using session = await compile(net, OPTIONS);
  const keep = LENGTHS.map((_, i) => i % 2), metrics = { right: ofOutput("tags", accuracy()) };
  const weighted = namedSamples({ ...DATA, weights: { tags: keep, score: LENGTHS.map(() => 0) } });
  const odd = <All>(all: ArrayLike<All>) => Array.from(all).filter((_, i) => i % 2);
  const some = namedSamples({
    x: { text: odd(text), speed: odd(speed), age: odd(age) },
    y: { tags: odd(tags), score: odd(score) },
    weights: { score: odd(LENGTHS).map(() => 0), tags: odd(LENGTHS).map(() => 1) },
  });
  const [a, b] = [await evaluate(session, weighted, { metrics }), await evaluate(session, some, { metrics })];
  assertAlmostEquals(a.loss, b.loss, 1e-5);
  assertEquals([a.count, a.metrics], [b.count, b.metrics]);
});

Deno.test("of a net with one input and one output, samples by name are the samples", async () => {
  const plain = sequential({ rnn: recurrent(gru(), { input: 2, hidden: 4 }), o: dense(4, 1) });
  const options = { ...OPTIONS, loss: squaredError() };
  using one = await compile(plain, options);
  using other = await compile(plain, options);
  await fit(one, { x: speed, y: score }, { epochs: 2 });
  await fit(other, namedSamples({ x: speed, y: score }), { epochs: 2 });
  assertEquals(other.parameters(), one.parameters());
});

Deno.test("targets of steps behind a convolution: one for each of its steps", async () => {
  const strided = sequential({ conv: conv1d(2, 4, 2, { strides: 2 }), o: dense(4, 3) }), rows = (T: number) => T >> 1;
  using session = await compile(strided, { batch: 4, steps: 5, loss: crossEntropy(), optimizer: sgd() });
  const long = [0, 1, 3, 4, 5], x = long.map((i) => speed[i]), y = long.map((i) => new Int32Array(rows(LENGTHS[i])));
  const { count, metrics } = await evaluate(session, { x, y }, { metrics: { confusion: confusionMatrix() } });
  assertEquals(count, 1 + 2 + 2 + 2 + 1);
  assertEquals(metrics.confusion[0].reduce((a, b) => a + b), count);
  await fit(session, { x, y }, { epochs: 1 });
  await assertRejects(
    () => evaluate(session, { x, y: long.map((i) => new Int32Array(LENGTHS[i])) }),
    ShapeError,
    `"y" must have`,
  );
});

Deno.test("wrong samples are refused, and the error names them", async () => {
  using session = await compile(net, OPTIONS);
  const { x, y } = DATA;
  // deno-lint-ignore no-explicit-any -- wrong on purpose
  const refused = (data: any, message: string, error: any = ShapeError) =>
    assertRejects(() => evaluate(session, data), error, message);
  await refused(DATA, "namedSamples", OptionError);
  await refused(namedSamples({ x: { text, speed }, y }), `input "age"`);
  await refused(namedSamples({ x: { ...x, sex: age }, y } as never), `unknown option "sex" of "x"`, OptionError);
  await refused(namedSamples({ x: { ...x, age: age.slice(1) }, y }), `the first input has 7, input "age" has 6`);
  await refused(namedSamples({ x: { ...x, speed: [...speed.slice(1), speed[0]] }, y }), "all must have 3 steps");
  await refused(namedSamples({ x: { ...x, age: age.map((one) => [one, one]) }, y }), `input "age"`);
  await refused(namedSamples({ x, y: { tags, score: score.slice(1) } }), `output "score"`);
  await refused(namedSamples({ x, y: { tags } }), `output "score"`);
  await refused(namedSamples({ x: { ...x, text: text.map((ids) => ids.map(() => 6)) }, y }), `"text"`, OptionError);
  await assertRejects(
    () => evaluate(session, namedSamples(DATA), { metrics: { a: accuracy() } }),
    OptionError,
    "ofOutput",
  );
  const metrics = { a: ofOutput("tag", accuracy()) };
  await assertRejects(() => evaluate(session, namedSamples(DATA), { metrics }), OptionError, `no such output`);
  assert(Number.isFinite((await evaluate(session, namedSamples(DATA))).loss));
});
