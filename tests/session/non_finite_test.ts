import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  clipNorm,
  compile,
  cosine,
  crossEntropy,
  dense,
  gru,
  type Layer,
  lstm,
  NonFiniteError,
  recurrent,
  sequential,
  type Session,
  sgd,
  squaredError,
} from "../../mod.ts";
import { activation } from "../../layers.ts";
import { Generator } from "../../src/random/generator.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

const B = 3, T = 4, I = 2;

/** Values in, values out, and something of everything in between. */
function net(): Layer {
  return sequential({
    encoder: dense(I, 5),
    squash: activation("relu", 5),
    rnn: recurrent(lstm(), { input: 5, hidden: [4, 3] }),
    decoder: dense(3, 2),
  });
}

const OPTIONS = {
  batch: B,
  steps: T,
  numerics: "exact",
  loss: squaredError(),
  optimizer: adam({ schedule: cosine({ steps: 9 }) }),
  clip: clipNorm(1),
} as const;

function data(seed: number, steps = T) {
  const random = new Generator(seed), numbers = (n: number) => Array.from({ length: n }, () => random.uniform() - 0.5);
  return { x: numbers(steps * B * I), y: numbers(steps * B * 2) };
}

/** Set one element of a parameter. */
function spoil(session: Session, name: string, value: number, index = 0): void {
  const parameters = session.parameters();
  parameters.get(name)!.data[index] = value;
  session.setParameters(parameters);
}

interface Fault {
  /** Makes it, and says what to run. */
  make(session: Session): Parameters<Session["step"]>;
  readonly what: string;
  readonly layer?: string;
  readonly tensor: string;
}

const huge = 3e38, good = data(1);
const FAULTS: Record<string, Fault> = {
  "an input that is NaN": {
    make: () => [{ ...good, x: good.x.with(5, NaN) }],
    what: "loss is NaN",
    tensor: "x",
  },
  "a parameter of the first layer": {
    // The gates saturate: it is the gradient that shows it.
    make: (session) => (spoil(session, "encoder.bias", Infinity), [good]),
    what: "gradient norm is NaN",
    layer: "encoder",
    tensor: "encoder.bias",
  },
  "a parameter in the middle": {
    make: (session) => (spoil(session, "rnn.weight_hh_l1", NaN, 3), [good]),
    what: "loss is NaN",
    layer: "rnn",
    tensor: "rnn.weight_hh_l1",
  },
  "an initial state": {
    make: (session) => {
      session.forward(good.x);
      const states = session.states();
      states["rnn.c_l0"][2] = NaN;
      return [good, { states }];
    },
    what: "loss is NaN",
    layer: "rnn",
    tensor: "rnn.c_l0",
  },
  "an output that overflows": {
    make: (session) => (spoil(session, "encoder.weight", huge), [{ ...good, x: good.x.map(() => 2) }]),
    what: "gradient norm is NaN",
    layer: "encoder",
    tensor: "encoder.output",
  },
  "a loss that overflows": {
    make: (session) => (spoil(session, "decoder.bias", huge), [good]),
    what: "loss is Infinity",
    tensor: "loss",
  },
};

for (const [name, { make, what, layer, tensor }] of Object.entries(FAULTS)) {
  Deno.test(`${name}: the error names step, layer and tensor, and nothing has changed`, async () => {
    using session = await compile(net(), OPTIONS);
    session.step(data(7));
    const args = make(session), before = [session.parameters(), session.trainingState()];
    const error = assertThrows(() => session.step(...args), NonFiniteError, `Cannot make update 2: the ${what}`);
    assertEquals({ step: error.step, layer: error.layer, tensor: error.tensor }, { step: 2, layer, tensor });
    if (tensor !== "loss") assert(error.message.includes(`"${tensor}"`), error.message);
    assertEquals([session.parameters(), session.trainingState()], before);
  });
}

Deno.test("a gradient that is not finite is named; if all are, the largest", async () => {
  // Outputs and loss are finite, and so is their gradient; times 3e38 twice it overflows on the way down.
  const deep = sequential({ a: dense(1, 1), b: dense(1, 1), c: dense(1, 2) });
  using session = await compile(deep, { batch: 1, steps: 1, loss: crossEntropy(), optimizer: sgd() });
  const set = (values: Record<string, number[]>) => {
    const parameters = session.parameters();
    for (const [name, data] of Object.entries(values)) parameters.get(name)!.data.set(data);
    session.setParameters(parameters);
  };
  const still = { "a.weight": [0], "a.bias": [0], "b.bias": [0], "c.bias": [0, 0] };
  set({ ...still, "b.weight": [huge], "c.weight": [huge, -huge] });
  const inner = assertThrows(() => session.step({ x: [0], y: [0] }), NonFiniteError, "the gradient norm is");
  assertEquals([inner.step, inner.layer, inner.tensor], [1, "a", "a.bias"]);
  // A finite gradient of every parameter, whose norm is more than a float holds.
  set({ ...still, "b.weight": [0.9], "c.weight": [3.4e38, -3.4e38] });
  const norm = assertThrows(() => session.step({ x: [0.4], y: [0] }), NonFiniteError, "all gradients are finite");
  assertEquals([norm.layer, norm.tensor], ["b", "b.bias"]);
});

Deno.test("recomputed segments: the origin is found in the first segment that has it", async () => {
  const steps = 3 * T, whole = data(2, steps);
  using session = await compile(net(), { ...OPTIONS, recompute: true });
  session.step(data(3, steps));
  const states = session.states();
  const error = assertThrows(
    () => session.step({ ...whole, x: whole.x.with((T + 1) * B * I, NaN) }, { states: "carry" }),
    NonFiniteError,
    "the loss is NaN",
  );
  assertEquals(error.tensor, "x");
  assertEquals(session.states(), states);
  // The gates saturate, the loss is finite: the gradient shows it when all segments are done.
  const infinite = { ...whole, x: whole.x.with((T + 1) * B * I, 3e38) };
  spoil(session, "encoder.weight", 2);
  const late = assertThrows(() => session.step(infinite), NonFiniteError, "the gradient norm is");
  assertEquals([late.layer, late.tensor], ["encoder", "encoder.output"]);
});

Deno.test("after a step that was refused the training goes on as if it had not been", async () => {
  for (const lengths of [undefined, [2, 4, 3]]) {
    using session = await compile(net(), OPTIONS);
    using other = await compile(net(), OPTIONS);
    for (let i = 0; i < 6; i++) {
      const states = i ? "carry" : "zero", bad = { ...data(i), x: data(i).x.with(1, NaN) };
      assertThrows(() => session.step(bad, { states, lengths }), NonFiniteError);
      assertEquals(session.states(), other.states());
      assertEquals(session.step(data(i), { states, lengths }), other.step(data(i), { states, lengths }), `step ${i}`);
    }
    assertEquals(session.parameters(), other.parameters());
  }
});

Deno.test("skipNonFinite: such steps are left out and counted", async () => {
  using session = await compile(net(), { ...OPTIONS, skipNonFinite: true, averageDecay: 0.9 });
  using other = await compile(net(), { ...OPTIONS, averageDecay: 0.9 });
  for (let i = 0; i < 5; i++) {
    const states = i ? "carry" : "zero", bad = { ...data(i), x: data(i).x.with(1, NaN) };
    const left = session.step(bad, { states }), { learningRate } = session.step(data(i), { states });
    assertEquals(left, { loss: NaN, gradientNorm: NaN, learningRate, skipped: i + 1 });
    assertEquals(other.step(data(i), { states }).learningRate, learningRate);
  }
  const { skipped, passes, ...state } = session.trainingState(),
    { skipped: none, passes: half, ...want } = other
      .trainingState();
  assertEquals([skipped, none, passes], [5, 0, 2 * half]);
  assertEquals(state, want);
  assertEquals(session.parameters(), other.parameters());
});

Deno.test("skipNonFinite: one bad part gives up the whole batch, and so does a norm", async () => {
  using session = await compile(net(), { ...OPTIONS, skipNonFinite: true });
  const before = session.parameters(), bad = { ...good, x: good.x.with(1, NaN) };
  for (const parts of [[good, bad], [bad, good], [bad]]) {
    for (const part of parts) session.accumulate(part);
    assertEquals(session.update().gradientNorm, NaN);
  }
  assertEquals(session.parameters(), before);
  session.forward(good.x);
  session.backward(good.y.map(() => NaN));
  assertEquals(session.update().skipped, 4);
  assertEquals(session.parameters(), before);
  using other = await compile(net(), OPTIONS);
  assertEquals({ ...session.step(good), skipped: 0 }, other.step(good));
});

Deno.test("rows of a longer call before are not looked at", async () => {
  const head = sequential({ a: dense(3, 3), b: dense(3, 2) });
  const last = sequential({ rnn: recurrent(gru(), { input: I, hidden: 3, output: "last" }), head });
  using session = await compile(last, OPTIONS);
  const bad = { x: good.x.map(() => NaN), y: good.y.slice(0, 2 * B) };
  assertEquals(assertThrows(() => session.step(bad), NonFiniteError).tensor, "x");
  spoil(session, "head.b.bias", huge);
  const one = { x: good.x.slice(0, T * I), y: good.y.slice(0, 2) };
  assertEquals(assertThrows(() => session.step(one, { batch: 1 }), NonFiniteError).tensor, "loss");
});

Deno.test("a layer without a name, a stack of layers: what can be named is", async () => {
  using rnn = await compile(recurrent(gru(), { input: 2, hidden: [3, 3] }), { ...OPTIONS, loss: squaredError() });
  spoil(rnn, "weight_ih_l1", NaN);
  const y = new Float32Array(T * B * 3);
  const plain = assertThrows(() => rnn.step({ x: good.x, y }), NonFiniteError, 'the parameter "weight_ih_l1"');
  assertEquals([plain.layer, plain.tensor], [undefined, "weight_ih_l1"]);
  const nested = sequential({ top: sequential({ in: dense(2, 2), out: dense(2, 2) }) });
  using session = await compile(nested, OPTIONS);
  spoil(session, "top.out.weight", NaN);
  const error = assertThrows(() => session.step(good), NonFiniteError);
  assertEquals([error.layer, error.tensor], ["top.out", "top.out.weight"]);
  using tokens = await compile(smallNet(), SMALL);
  spoil(tokens, "embedding.weight", NaN, smallData(T, B).x[0] * 5);
  const first = assertThrows(() => tokens.step(smallData(T, B)), NonFiniteError);
  assertEquals([first.layer, first.tensor], ["embedding", "embedding.weight"]);
});
