import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  embedding,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
  type Session,
  sgd,
  ShapeError,
} from "../../mod.ts";
import { gradientCheck } from "../../check.ts";
import { load } from "../../inference.ts";
import { encoderDecoder } from "../../models.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { Generator } from "../../src/random/generator.ts";

const V = 40, H = 20, T = 6, B = 8;
const TIED = { "decoder.weight": "embedding.weight" };

function net(options: { paddingIndex?: number } = {}, tied: Record<string, string> | undefined = TIED): Layer {
  const layers = {
    embedding: embedding(V, H, options),
    rnn: recurrent(lstm(), { input: H, hidden: H }),
    decoder: dense(H, V),
  };
  return sequential(layers, { tied });
}

const SIZE = { batch: B, steps: T, loss: crossEntropy() };
const LEARNING = { ...SIZE, optimizer: adam({ learningRate: 0.01 }), clip: clipNorm(0.5) };

function train(session: Session, steps: number): void {
  const random = new Generator(3), tokens = () => Int32Array.from({ length: T * B }, () => random.integer(V));
  for (let i = 0; i < steps; i++) session.step({ x: tokens(), y: tokens() }, { states: "carry" });
}

Deno.test("tied parameters are one tensor with two names, once in size, norm, gradients and moments", async () => {
  using session = await compile(net(), LEARNING);
  train(session, 3);
  const parameters = session.parameters(), gradients = session.gradients();
  assertStrictEquals(parameters.get("decoder.weight"), parameters.get("embedding.weight"));
  assert(gradients.has("embedding.weight") && !gradients.has("decoder.weight"));
  assert(session.summary().includes("is decoder.weight"));
  const size = V * H + 8 * H * H + 8 * H + V;
  assert(session.summary().includes(size.toLocaleString("en-US")), session.summary());
  assertEquals([...session.trainingState().tensors.keys()].filter((name) => name.includes("decoder")), [
    "exp_avg.decoder.bias",
    "exp_avg_sq.decoder.bias",
  ]);
  const squares = [...gradients.values()].flatMap(({ data }) => [...data]).reduce((sum, g) => sum + g * g, 0);
  assert(Math.abs(Math.sqrt(squares) - 0.5) < 1e-4, `${Math.sqrt(squares)} after clipping`);
});

Deno.test("the gradient of a tied tensor is the sum over its uses", async () => {
  const random = new Generator(1);
  using tied = await compile(net(), { ...SIZE, train: true });
  using plain = await compile(net({}, {}), { ...SIZE, train: true });
  plain.setParameters(tied.parameters());
  const data = { x: Array.from({ length: T * B }, () => random.integer(V)), y: new Int32Array(T * B).fill(3) };
  for (const session of [tied, plain]) session.accumulate(data);
  const [sum, parts] = [tied.gradients(), plain.gradients()];
  const [a, b] = ["embedding.weight", "decoder.weight"].map((name) => parts.get(name)!.data);
  sum.get("embedding.weight")!.data.forEach((g, i) => assert(Math.abs(g - a[i] - b[i]) < 1e-6));
  assertRight(await gradientCheck(net()), 1e-5);
});

Deno.test("setParameters takes either name, or both with equal values", async () => {
  using session = await compile(net(), SIZE);
  const all = session.parameters(), other = all.get("embedding.weight")!;
  const moved = { shape: other.shape, data: other.data.map((x) => x + 1) };
  const without = (name: string) => new Map([...all].filter(([one]) => one !== name));
  session.setParameters(without("embedding.weight").set("decoder.weight", moved));
  assertEquals(session.parameters().get("embedding.weight")!.data, moved.data);
  session.setParameters(without("decoder.weight"));
  assertEquals(session.parameters(), all);
  assertThrows(
    () => session.setParameters(new Map(all).set("decoder.weight", moved)),
    ShapeError,
    '"decoder.weight" must be "embedding.weight", to which it is tied',
  );
  const none = without("decoder.weight");
  none.delete("embedding.weight");
  assertThrows(() => session.setParameters(none), ShapeError, '"embedding.weight" is missing');
  assertEquals(session.setParameters(none, { strict: false }).missing, ["embedding.weight"]);
  using loaded = await load(net(), without("embedding.weight"), { batch: B, steps: T });
  assertEquals(loaded.forward(new Int32Array(T * B)), session.forward(new Int32Array(T * B)));
});

Deno.test("one to four threads have the same bits, with padding as well", async () => {
  for (const paddingIndex of [undefined, 2]) {
    using plain = await compile(net({ paddingIndex }), LEARNING);
    train(plain, 20);
    for (const threads of [2, 3, 4]) {
      using session = await compile(net({ paddingIndex }), { ...LEARNING, threads });
      train(session, 20);
      assertEquals(session.parameters(), plain.parameters(), `${threads} threads`);
    }
  }
});

Deno.test("training resumes from a checkpoint, bit for bit", async () => {
  using whole = await compile(net(), { ...LEARNING, averageDecay: 0.9 });
  using other = await compile(net(), { ...LEARNING, averageDecay: 0.9, seed: 5 });
  train(whole, 5);
  other.restore(whole.checkpoint());
  for (const session of [whole, other]) train(session, 5);
  assertEquals(other.parameters(), whole.parameters());
  assertEquals(other.averages(), whole.averages());
});

Deno.test("either name can be frozen or in a group", async () => {
  using frozen = await compile(net(), { ...LEARNING, frozen: ["decoder.weight"] });
  const before = frozen.parameters();
  train(frozen, 2);
  assertEquals(frozen.parameters().get("embedding.weight"), before.get("embedding.weight"));
  assert(frozen.summary().includes("is decoder.weight, frozen"));
  const groups = [{ parameters: ["decoder.weight"], learningRate: 0 }];
  using grouped = await compile(net(), { ...SIZE, optimizer: sgd({ learningRate: 1, groups }) });
  train(grouped, 2);
  assertEquals(grouped.parameters().get("embedding.weight"), before.get("embedding.weight"));
});

Deno.test("parameters stay tied inside of other nets, and the weight of a one-hot lookup can be tied", async () => {
  const pair = encoderDecoder({ encoder: net(), decoder: net() });
  using session = await compile(pair, { batch: 1, steps: 2 });
  const all = session.parameters();
  assertStrictEquals(all.get("decoder.decoder.weight"), all.get("decoder.embedding.weight"));
  assert(all.get("decoder.decoder.weight") !== all.get("encoder.decoder.weight"));
  const layers = { in: oneHot(5), a: dense(5, 5), b: dense(5, 5) };
  assertRight(await gradientCheck(sequential({ net: sequential(layers, { tied: { "b.weight": "a.weight" } }) })), 1e-5);
});

Deno.test("parameters that are missing, differ in shape or are tied twice are refused", () => {
  const cases: [Record<string, string>, string][] = [
    [
      { "decoder.weight": "embedding.wait" },
      'Cannot tie "decoder.weight" to "embedding.wait": there is no "embedding.wait"',
    ],
    [{ "decoder.wait": "embedding.weight" }, 'there is no "decoder.wait"'],
    [{ "decoder.bias": "embedding.weight" }, "their shapes must be equal, got [40] and [40, 20]"],
    [
      { "decoder.weight": "embedding.weight", "embedding.weight": "decoder.weight" },
      '"embedding.weight" is itself tied',
    ],
    [{ "decoder.weight": "decoder.weight" }, '"decoder.weight" is itself tied'],
  ];
  for (const [tied, message] of cases) assertThrows(() => net({}, tied), ShapeError, message);
});
