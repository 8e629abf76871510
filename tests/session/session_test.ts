import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  DisposedError,
  elman,
  gru,
  NonFiniteError,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  type Session,
  sgd,
  ShapeError,
} from "../../mod.ts";
import { assertSame, type Results } from "../support/cells/trial.ts";
import { SMALL, smallData, smallNet, VOCABULARY } from "../support/session/small_net.ts";

const { x, y } = smallData(SMALL.steps, SMALL.batch);

const NO_STATE = { optimizer: "", seed: 0, updates: 0, skipped: 0, passes: 0, schedule: {}, tensors: new Map() };

const CALLS: Record<string, (session: Session) => unknown> = {
  forward: (session) => session.forward(x),
  backward: (session) => session.backward(new Float32Array(x.length * VOCABULARY)),
  step: (session) => session.step({ x, y }),
  accumulate: (session) => session.accumulate({ x, y }),
  update: (session) => session.update(),
  discard: (session) => session.discard(),
  report: (session) => session.report(1),
  evaluate: (session) => session.evaluate({ x, y }),
  probabilities: (session) => session.probabilities(x),
  states: (session) => session.states(),
  output: (session) => session.output(),
  activations: (session) => session.activations(),
  gradientFlow: (session) => session.gradientFlow(),
  losses: (session) => session.losses({ x, y }),
  stream: (session) => session.stream(),
  summary: (session) => session.summary(),
  parameters: (session) => session.parameters(),
  gradients: (session) => session.gradients(),
  setParameters: (session) => session.setParameters(new Map()),
  averages: (session) => session.averages(),
  useAverages: (session) => session.useAverages(true),
  trainingState: (session) => session.trainingState(),
  setTrainingState: (session) => session.setTrainingState(NO_STATE),
  checkpoint: (session) => session.checkpoint(),
  restore: (session) => session.restore(new Uint8Array()),
  requireTraining: (session) => session.requireTraining("train"),
};

Deno.test("after disposal every method throws DisposedError", async () => {
  const session = await compile(smallNet(), SMALL);
  const parameters = session.parameters();
  session.forward(x); // so that backward and states have something to fail on
  session[Symbol.dispose]();
  session.dispose(); // once more, by its other name, does no harm
  const own = Object.getPrototypeOf(session), inherited = Object.getPrototypeOf(own);
  const descriptors = { ...Object.getOwnPropertyDescriptors(inherited), ...Object.getOwnPropertyDescriptors(own) };
  const methods = Object.entries(descriptors).filter(([name, { value }]) =>
    typeof value === "function" && !["constructor", "dispose"].includes(name)
  );
  assertEquals(methods.map(([name]) => name).toSorted(), Object.keys(CALLS).toSorted(), "every method is tried");
  for (const [name, call] of Object.entries(CALLS)) assertThrows(() => call(session), DisposedError, "disposed", name);
  assertThrows(() => session.setParameters(parameters), DisposedError);
});

Deno.test("a session compiled without training refuses what needs it", async () => {
  using session = await compile(smallNet(), { batch: SMALL.batch, steps: SMALL.steps, loss: crossEntropy() });
  session.forward(x);
  const training = ["accumulate", "update", "report", "trainingState", "setTrainingState"];
  for (const name of ["backward", "step", "gradients", ...training]) {
    assertThrows(() => CALLS[name](session), OptionError, "without", name);
  }
});

Deno.test("a net that ends with one-hot rows is refused: they are nowhere in memory", async () => {
  await assertRejects(() => compile(oneHot(3), { batch: 1, steps: 1 }), ShapeError, "gives one-hot");
});

Deno.test("step needs an optimizer, step and evaluate need a loss", async () => {
  const { batch, steps, loss, optimizer } = SMALL;
  using noOptimizer = await compile(smallNet(), { batch, steps, loss, train: true });
  assertThrows(() => noOptimizer.step({ x, y }), OptionError, '"optimizer"');
  assertThrows(() => noOptimizer.report(1), OptionError, '"optimizer"');
  noOptimizer.accumulate({ x, y });
  assertThrows(() => noOptimizer.update(), OptionError, '"optimizer"');
  using noLoss = await compile(smallNet(), { batch, steps, optimizer });
  assertThrows(() => noLoss.step({ x, y }), OptionError, '"loss"');
  assertThrows(() => noLoss.evaluate({ x, y }), OptionError, '"loss"');
});

Deno.test("backward needs a forward of its own, with the parameters of now", async () => {
  using session = await compile(smallNet(), SMALL);
  const backward = () => CALLS.backward(session);
  assertThrows(backward, OptionError, "forward");
  session.forward(x);
  backward();
  assertThrows(backward, OptionError, "forward"); // the gates have given way to their gradients
  session.step({ x, y });
  assertThrows(backward, OptionError, "forward");
  session.forward(x);
  session.setParameters(session.parameters());
  assertThrows(backward, OptionError, "forward");
});

Deno.test("probabilities are the softmax of the outputs, and leave the states to be carried", async () => {
  const net = recurrent(gru(), { input: 2, hidden: 5 }), values = Float32Array.of(0.5, -1, 2, 0.25);
  using session = await compile(net, { batch: 1, steps: 2 });
  const logits = session.forward(values), states = session.states();
  const probabilities = session.probabilities(values, { temperature: 0.5 });
  for (let t = 0; t < 2; t++) {
    const weights = [...logits.subarray(5 * t, 5 * t + 5)].map((logit) => Math.exp(logit / 0.5));
    const sum = weights.reduce((a, b) => a + b);
    // Logits below 1 are off by 2^-24 at most, doubled by the temperature; exp and the quotient add a few roundings.
    weights.forEach((w, i) => assert(Math.abs(probabilities[5 * t + i] - w / sum) < 8 * 2 ** -24));
  }
  assertSame(session.states(), states, "states");
  const carried = session.forward(values, { states: "carry" });
  assertEquals(carried, session.forward(values, { states }));
  for (const temperature of [0, -1, NaN]) {
    assertThrows(() => session.probabilities(values, { temperature }), OptionError, "temperature");
  }
});

Deno.test("rows with an ignored target change nothing but their number", async () => {
  const B = SMALL.batch, ignored = y.map((target, i) => i % B === 1 ? -100 : target);
  using session = await compile(smallNet(), { ...SMALL, optimizer: sgd({ learningRate: 0 }), clip: undefined });
  const without = (data: Int32Array) => data.filter((_, i) => i % B !== 1);
  const { loss, count } = session.evaluate({ x, y: ignored });
  assertEquals({ loss, count }, session.evaluate({ x: without(x), y: without(y) }, { batch: B - 1 }));
  assertEquals(count, SMALL.steps * (B - 1));

  // The tokens of the ignored row, if they are in no other, receive no gradient.
  const tokens = x.map((token, i) => i % B === 1 ? 10 : token % 10);
  session.step({ x: tokens, y: ignored });
  const { data } = session.gradients().get("embedding.weight")!;
  assert(data.subarray(10 * 5).every((value) => value === 0) && data.some((value) => value !== 0));
  assertThrows(() => session.evaluate({ x, y: y.map(() => -100) }), OptionError, "every element");

  using other = await compile(smallNet(), { ...SMALL, loss: crossEntropy({ ignoreIndex: 0 }) });
  const zeros = y.map((_, i) => i === 4 ? 3 : 0);
  assertEquals(other.evaluate({ x, y: zeros }).count, 1);
});

Deno.test("a loss or a norm that is not finite leaves parameters and moments as they were", async () => {
  // Logits are b + W h, and h = tanh(0) = 0 while the recurrent layer has no weights.
  const net = sequential({ rnn: recurrent(elman(), { input: 1, hidden: 2 }), decoder: dense(2, 2) });
  const options = { batch: 1, steps: 2, loss: crossEntropy(), optimizer: adam(), clip: clipNorm(1) };
  using healthy = await compile(net, options);
  using session = await compile(net, options);
  const huge = 3e38, data = { x: [0, 0], y: [0, 0] };
  const faults: Record<string, [name: string, values: number[], what: string]> = {
    "NaN": ["decoder.bias", [NaN, 0], "loss"],
    "a loss that overflows": ["decoder.bias", [-huge, huge], "loss"],
    "a norm that overflows": ["decoder.weight", [huge, huge, -huge, -huge], "gradient norm"],
  };
  for (const [fault, [name, values, what]] of Object.entries(faults)) {
    const parameters = healthy.parameters();
    for (const [key, { data }] of parameters) if (key.startsWith("rnn.")) data.fill(0);
    parameters.get(name)!.data.set(values);
    session.setParameters(parameters);
    const before = tensors(session);
    assertThrows(() => session.step(data), NonFiniteError, `the ${what} is`, fault);
    assertSame(tensors(session), before, fault);
  }
  // Had a moment or the count of steps changed, the next step would differ from a fresh session's.
  session.setParameters(healthy.parameters());
  assertEquals(session.step(data), healthy.step(data));
  assertSame(tensors(session), tensors(healthy), "after a healthy step");
});

function tensors(session: Session): Results {
  return Object.fromEntries([...session.parameters()].map(([name, { data }]) => [name, data]));
}
