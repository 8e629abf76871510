import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  compile,
  dense,
  FormatError,
  gru,
  type Layer,
  OptionError,
  readCheckpoint,
  readSafetensors,
  recurrent,
  type Session,
  ShapeError,
  squaredError,
  writeSafetensors,
} from "../../mod.ts";
import { activation, residual } from "../../layers.ts";
import { cutTraining, resumeElsewhere } from "../support/trainer/cut_training.ts";
import { net, OPTIMIZERS, start, STEPS, train } from "../support/trainer/resumable.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

for (const name of Object.keys(OPTIMIZERS)) {
  Deno.test(`${name}: a training goes on bit for bit from the file of any step`, async () => {
    const { losses, files } = await cutTraining(OPTIMIZERS[name]);
    for (let cut = 0; cut < STEPS; cut++) {
      using resumed = await start(OPTIMIZERS[name]);
      assertEquals(resumed.restore(files[cut]).extra, { step: cut });
      assertEquals(resumed.checkpoint({ extra: { step: cut } }), files[cut], `cut at ${cut}, at once`);
      assertEquals(train(resumed, cut, STEPS), losses.slice(cut), `cut at ${cut}`);
      assertEquals(resumed.checkpoint({ extra: { step: STEPS } }), files[STEPS], `cut at ${cut}, at the end`);
    }
  });
}

Deno.test("adamw: a training goes on bit for bit in another process", async () => {
  await resumeElsewhere("adamw", [1, 10, 19]);
});

const values: Layer = recurrent(gru(), { input: 2, hidden: 3 });
const OPTIONS = { batch: 3, steps: 2, numerics: "exact", loss: squaredError(), optimizer: adam() } as const;
const data = { x: Float32Array.from({ length: 12 }, (_, i) => i / 12), y: new Float32Array(18) };

Deno.test("the file has the parameters under PyTorch's names, and everything else beside them", async () => {
  using session = await start(OPTIMIZERS.adam);
  train(session, 0, 3);
  const extra = { place: [1, 2, 3], note: "µ" },
    own = new Map([["best.w", { shape: [2], data: Float32Array.of(1, 2) }]]);
  const file = session.checkpoint({ extra, tensors: own });
  const { tensors, metadata } = readSafetensors(file);
  assertEquals(Object.keys(metadata), ["unroll.checkpoint"]);
  for (const [name, { shape, data }] of session.parameters()) {
    assertEquals(tensors.get(name), { dtype: "F32", shape: [...shape], data: data as Float32Array<ArrayBuffer> });
  }
  const checkpoint = readCheckpoint(file);
  assertEquals([...checkpoint.parameters.keys()], [...session.parameters().keys()]);
  assertEquals(checkpoint.training, session.trainingState());
  assertEquals(checkpoint.states, session.states());
  assertEquals([checkpoint.extra, checkpoint.tensors], [extra, own]);
  assertEquals(readCheckpoint(session.checkpoint()).extra, null);
  using other = await start(OPTIMIZERS.adam);
  assertEquals(other.restore(file), { extra, states: session.states(), tensors: own });
  // To a session that only runs the net it is a model's file with more than it needs.
  using plain = await compile(net(), { batch: 1, steps: 1 });
  const { missing, unexpected: unknown } = plain.setParameters(tensors, { strict: false });
  assertEquals([missing, unknown.length], [[], tensors.size - session.parameters().size]);
  assertEquals(plain.parameters(), session.parameters());
});

Deno.test("states: those of the last call, or given ones, or none", async () => {
  using session = await compile(values, OPTIONS);
  using other = await compile(values, OPTIONS);
  other.step(data);
  assertEquals(other.restore(session.checkpoint()).states, {});
  assertEquals(other.states(), {});
  // A batch smaller than the session's, rows of different lengths.
  session.step({ x: data.x.subarray(0, 8), y: data.y.subarray(0, 12) }, { batch: 2, lengths: [1, 2] });
  const states = session.states();
  other.restore(session.checkpoint());
  assertEquals(other.states(), states);
  const next = [{ x: data.x.subarray(0, 4), y: data.y.subarray(0, 6) }, { batch: 2, states: "carry" }] as const;
  assertEquals(other.step(...next), session.step(...next));
  assertEquals(other.checkpoint(), session.checkpoint());
  // An evaluation in between has left other states.
  session.evaluate(data);
  other.restore(session.checkpoint({ states }));
  assertEquals(other.states(), states);
  assertThrows(() => session.checkpoint({ states: { h_l0: new Float32Array(4) } }), Error, "rows of states");
  assertThrows(() => session.checkpoint({ states: { h_l0: new Float32Array(12) } }), OptionError, "from 1 to 3, got 4");
  assertThrows(() => session.checkpoint({ states: { c_l0: new Float32Array(3) } }), OptionError, "got 0");
  assertThrows(() => session.checkpoint({ states: { ...states, c_l0: new Float32Array(3) } }), ShapeError, '"c_l0"');
});

Deno.test("a session of fewer rows goes on from zero states, and says why it cannot carry others", async () => {
  using session = await compile(values, OPTIONS);
  session.step(data);
  const file = session.checkpoint();
  using small = await compile(values, { ...OPTIONS, batch: 2 });
  assertEquals(small.restore(file).states, session.states());
  assertEquals(small.checkpoint(), file);
  const part = { x: data.x.subarray(0, 8), y: data.y.subarray(0, 12) };
  const before = state(small);
  const says = 'had 3 rows, this one has 2; expected as many, or "zero" states';
  assertThrows(() => small.step(part, { states: "carry" }), ShapeError, says);
  assertEquals(state(small), before);
  assertEquals(small.step(part), session.step(part, { batch: 2 }));
  assertEquals(small.checkpoint(), session.checkpoint());
});

Deno.test("a net without states, a seed that nothing depends on", async () => {
  using session = await compile(dense(2, 2), { ...OPTIONS, seed: 1 });
  using other = await compile(dense(2, 2), { ...OPTIONS, seed: 2 });
  const pair = { x: data.x, y: data.y.subarray(0, 12) };
  session.step(pair);
  other.restore(session.checkpoint());
  assertEquals(other.step(pair), session.step(pair));
  assertEquals(other.parameters(), session.parameters());
});

Deno.test("a checkpoint that does not fit is refused, and nothing has changed", async () => {
  using session = await compile(values, OPTIONS);
  session.step(data);
  const file = session.checkpoint(), before = state(session);
  const others: [Session, new (message: string) => Error, string][] = [
    [await compile(recurrent(gru({ reset: "before" }), { input: 2, hidden: 3 }), OPTIONS), ShapeError, "its name is"],
    [await compile(residual(recurrent(gru(), { input: 3, hidden: 3 })), OPTIONS), ShapeError, "its input is"],
    [await compile(recurrent(gru(), { input: 2, hidden: [3, 3] }), OPTIONS), ShapeError, "h_l1"],
    [await compile(recurrent(gru(), { input: 2, hidden: 3, output: "last" }), OPTIONS), ShapeError, "its output is"],
    [await compile(values, { ...OPTIONS, optimizer: OPTIMIZERS.sgd }), OptionError, '"adam"'],
    [await compile(values, { ...OPTIONS, averageDecay: 0.5 }), ShapeError, '"average.weight_ih_l0" is missing'],
  ];
  for (const [other, error, message] of others) {
    using session = other;
    const before = state(session);
    assertThrows(() => session.restore(file), error, message);
    assertEquals(state(session), before);
  }

  const { tensors, metadata } = readSafetensors(file), key = "unroll.checkpoint", meta = JSON.parse(metadata[key]);
  const sources = [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const);
  const write = (change: object) => writeSafetensors(sources, { [key]: JSON.stringify({ ...meta, ...change }) });
  const broken: [Uint8Array, new (message: string) => Error, string][] = [
    [file.subarray(0, 100), FormatError, "Cannot read safetensors"],
    [writeSafetensors(sources), FormatError, 'no metadata "unroll.checkpoint"'],
    [writeSafetensors(sources, { [key]: "{" }), FormatError, "is not JSON"],
    [write({ version: 2 }), FormatError, "its version must be 1, got 2"],
    [write({ net: null }), FormatError, '"net"'],
    [write({ training: { ...meta.training, schedule: null } }), FormatError, '"schedule"'],
    [write({ training: { ...meta.training, updates: "7" } }), OptionError, '"updates"'],
    [
      writeSafetensors(sources.filter(([name]) => name !== "bias_hh_l0"), metadata),
      ShapeError,
      '"bias_hh_l0" is missing',
    ],
  ];
  for (const [bytes, error, message] of broken) {
    assertThrows(() => session.restore(bytes), error, message);
    assertEquals(state(session), before);
  }
  session.restore(write({ extra: 7 }));
});

Deno.test("activations without parameters are told apart", async () => {
  using tanh = await compile(activation("tanh", 2), { ...OPTIONS });
  using relu = await compile(activation("relu", 2), { ...OPTIONS });
  assertThrows(() => relu.restore(tanh.checkpoint()), ShapeError, '"tanh", the session\'s is "relu"');
});

Deno.test("what a checkpoint cannot hold is refused", async () => {
  using session = await compile(smallNet(), { ...SMALL, averageDecay: 0.9 });
  assertThrows(() => session.checkpoint({ extra: 1n }), OptionError, '"extra" must be fit for JSON');
  session.accumulate(smallData(SMALL.steps, SMALL.batch));
  assertThrows(() => session.checkpoint(), OptionError, "between");
  session.update();
  const file = session.checkpoint();
  session.useAverages(true);
  for (const call of [() => session.checkpoint(), () => session.restore(file)]) {
    assertThrows(call, OptionError, "averages are in use");
  }
  session.useAverages(false);
  assert(session.restore(file));
});

/** All that may not change. */
function state(session: Session) {
  return { parameters: session.parameters(), training: session.trainingState(), states: session.states() };
}
