import { assert, assertEquals, assertThrows } from "@std/assert";
import { type CallOptions, compile, gru, OptionError, recurrent, type Session, ShapeError } from "../../mod.ts";
import { assertSame, type Results } from "../support/cells/trial.ts";
import { SMALL, smallData, smallNet, VOCABULARY } from "../support/session/small_net.ts";

const { x, y } = smallData(SMALL.steps, SMALL.batch);
const other = smallData(2, SMALL.batch, 2);

const STATES = { "rnn.h_l0": 7, "rnn.c_l0": 7, "rnn.h_l1": 6, "rnn.c_l1": 6 };

function states(B: number): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(STATES).map(([name, width]) => [name, new Float32Array(B * width).fill(0.5)]),
  );
}

const { "rnn.c_l1": _, ...tooFew } = states(3);

/** Each a call that is refused: what it is given instead of good input, and words of the message. */
const REFUSED: Record<string, { x?: ArrayLike<number>; y?: ArrayLike<number>; options?: CallOptions; says: string }> = {
  "no steps": { x: [], says: "got 0 elements" },
  "a part of a step": { x: x.subarray(1), says: "[T, 3]" },
  "too many steps": { x: new Int32Array(3 * 5), says: "T from 1 to 4" },
  "a token past the last": { x: x.with(4, VOCABULARY), says: `integer from 0 to 10, got ${VOCABULARY} at 4` },
  "a negative token": { x: x.with(0, -1), says: "got -1 at 0" },
  "a token that is no integer": { x: Array.from(x).with(2, 1.5), says: "got 1.5 at 2" },
  "a token that is no number": { x: Array.from(x).with(11, NaN), says: "got NaN at 11" },
  "too many rows": { options: { batch: 4 }, says: "from 1 to 3" },
  "no rows": { options: { batch: 0 }, says: "got 0" },
  "half a row": { options: { batch: 1.5 }, says: "got 1.5" },
  "states of too few rows": {
    options: { states: states(2) },
    says: '"rnn.h_l0" must have 3 rows of 7 elements, got 14',
  },
  "a state missing": { options: { states: tooFew }, says: '"rnn.c_l1" must have 3 rows of 6 elements, got none' },
  "an unknown state": { options: { states: { ...states(3), h_l0: new Float32Array(21) } }, says: 'no state "h_l0"' },
  "an unknown word for states": { options: { states: "keep" as "carry" }, says: '"keep"' },
  "carried states of other rows": { x: x.subarray(4), options: { batch: 2, states: "carry" }, says: "had 3 rows" },
  "too few targets": { y: y.subarray(1), says: 'Cannot read "y": expected 12 elements' },
  "a target past the last": { y: y.with(3, VOCABULARY), says: `got ${VOCABULARY} at 3` },
  "a target that is no integer": { y: Array.from(y).with(3, 0.5), says: "got 0.5 at 3" },
  "a negative target that is not ignored": { y: y.with(0, -1), says: "got -1 at 0" },
  "targets that are all ignored": { y: y.map(() => -100), says: "ignored" },
};

for (const [name, { says, options, ...given }] of Object.entries(REFUSED)) {
  Deno.test(`${name} is refused, and nothing has changed`, async () => {
    using session = await compile(smallNet(), SMALL);
    using untouched = await compile(smallNet(), SMALL);
    for (const each of [session, untouched]) each.forward(other.x, { states: states(3) }); // leaves states to carry
    const input = { x, y, ...given };
    const calls: Record<string, () => unknown> = {
      step: () => session.step(input, options),
      evaluate: () => session.evaluate(input, options),
    };
    if (!given.y) {
      calls.forward = () => session.forward(input.x, options);
      calls.probabilities = () => session.probabilities(input.x, options);
    }
    for (const [call, run] of Object.entries(calls)) {
      const error = assertThrows(run, Error, says, call);
      assert(error instanceof ShapeError || error instanceof OptionError, `${call}: ${error}`);
    }
    assertSame(session.states(), untouched.states(), "states");
    const gradient = new Float32Array(other.x.length * VOCABULARY).fill(0.5);
    assertSame(backward(session, gradient), backward(untouched, gradient), "backward of the forward before");
    assertEquals(
      session.step({ x, y }, { states: "carry" }),
      untouched.step({ x, y }, { states: "carry" }),
      "the next step",
    );
  });
}

Deno.test("values must fit the width of the input", async () => {
  using session = await compile(recurrent(gru(), { input: 3, hidden: 2 }), { batch: 2, steps: 2 });
  for (const length of [0, 3, 7, 18]) {
    assertThrows(() => session.forward(new Float32Array(length)), ShapeError, "[T, 2, 3]");
  }
  assertEquals(session.forward(new Float32Array(12)).length, 2 * 2 * 2);
});

Deno.test("gradients of the wrong shape or name are refused by backward", async () => {
  using session = await compile(smallNet(), SMALL);
  session.forward(x);
  const dOutput = new Float32Array(x.length * VOCABULARY);
  assertThrows(() => session.backward(dOutput.subarray(1)), ShapeError, "dOutput");
  assertThrows(() => session.backward(dOutput, { "rnn.c_l0": new Float32Array(7) }), ShapeError, "rnn.c_l0");
  assertThrows(() => session.backward(dOutput, { c_l0: new Float32Array(21) }), ShapeError, "c_l0");
  session.backward(dOutput, { "rnn.c_l0": new Float32Array(21) }); // some of the states are enough
});

Deno.test("setParameters lists everything that does not fit, and changes nothing", async () => {
  using session = await compile(smallNet(), SMALL);
  const before = tensors(session), good = session.parameters();
  const bad = new Map([...good].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => 9) }]));
  bad.delete("rnn.bias_hh_l1");
  bad.set("decoder.weight", { shape: [6, 11], data: new Float32Array(66) });
  bad.set("decoder.bias", { shape: [11], data: new Float32Array(10) });
  bad.set("bias", { shape: [1], data: new Float32Array(1) });
  const { message } = assertThrows(() => session.setParameters(bad), ShapeError);
  for (
    const part of ['"rnn.bias_hh_l1" is missing', '"decoder.weight" must have shape [11,6], got [6,11]', "decoder.bias"]
  ) assert(message.includes(part), message);
  assert(message.includes('"bias" is not a parameter'), message);
  assertSame(tensors(session), before, "parameters");
  session.setParameters(good);
});

Deno.test("sizes and seeds that are no counts are refused by compile", () => {
  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    for (const name of ["batch", "steps"]) {
      assertRefused(() => compile(smallNet(), { ...SMALL, [name]: value }), name);
    }
  }
  for (const seed of [-1, 0.5, 2 ** 53]) assertRefused(() => compile(smallNet(), { ...SMALL, seed }), "seed");
});

async function assertRefused(call: () => Promise<unknown>, name: string): Promise<void> {
  try {
    await call();
  } catch (error) {
    assert(error instanceof OptionError && error.message.includes(`"${name}"`), String(error));
    return;
  }
  throw new Error(`"${name}" was accepted`);
}

function backward(session: Session, dOutput: Float32Array): Results {
  const { dStates } = session.backward(dOutput);
  return { ...dStates, ...Object.fromEntries([...session.gradients()].map(([name, { data }]) => [name, data])) };
}

function tensors(session: Session): Results {
  return Object.fromEntries([...session.parameters()].map(([name, { data }]) => [name, data]));
}
