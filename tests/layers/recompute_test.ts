/**
 * Training on sequences longer than the plan, in segments that run forward twice: the gradients of the whole sequence,
 * bit for bit, in the memory of one segment. So the end of a segment must cut every sum over time as the end of a step
 * does.
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  adam,
  type Cell,
  clipNorm,
  crossEntropy,
  dense,
  embedding,
  type Layer,
  lstm,
  oneHot,
  OptionError,
  recurrent,
  type RecurrentOptions,
  sequential,
  type Session,
  sgd,
  ShapeError,
} from "../../mod.ts";
import { Generator } from "../../src/random/generator.ts";
import { assertSame, type Results } from "../support/cells/trial.ts";
import { U } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";

const T = 37, SEGMENT = 5, B = 3, V = 11, H = 9;
const OPTIONS = { batch: B, loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }), clip: clipNorm(0.5) };
const SHORT = { ...OPTIONS, steps: SEGMENT, recompute: true }, WHOLE = { ...OPTIONS, steps: T };

const INPUTS: Record<string, () => Record<string, Layer>> = {
  "embedding": () => ({ input: embedding(V, 6) }),
  "one-hot": () => ({ input: oneHot(V) }),
  "values": () => ({}),
};

for (const [name, cell] of Object.entries(CELLS)) {
  for (const input of Object.keys(INPUTS)) {
    for (const initialStates of ["zero", "learned"] as const) {
      Deno.test(`${name}, ${input}, ${initialStates}: training in segments == training in one piece`, async () => {
        const net = classifier(cell, input, { layers: 2, initialStates });
        for (const states of ["zero", "carry"] as const) {
          using short = await exact(net, SHORT);
          using whole = await exact(net, WHOLE);
          // States are carried from the first call on, which has none. Segments do not divide all lengths.
          for (const [step, steps] of [T, T, SEGMENT, 2 * SEGMENT, SEGMENT + 1, 2, T].entries()) {
            const data = sample(net, steps, step), what = `${states}, step ${step}`;
            const got = short.step(data, { states }), want = whole.step(data, { states });
            assertEquals(got.gradientNorm, want.gradientNorm, `${what}: norm`);
            // Segments add f32 sums of losses in double precision; the sum of a whole sequence is rounded once.
            const error = Math.abs(got.loss / want.loss - 1);
            assert(error <= 2 * U, `${what}: the loss is off by ${error}`);
            assertSame(tensors(short.gradients()), tensors(whole.gradients()), `${what}: gradients`);
            assertSame(tensors(short.parameters()), tensors(whole.parameters()), `${what}: parameters`);
            assertSame(short.states(), whole.states(), `${what}: last states`);
          }
        }
      });
    }
  }
}

Deno.test("initial states, fewer rows and ignored targets work in segments", async () => {
  const net = classifier(lstm, "embedding", { layers: 2 }), random = new Generator(5), batch = 2;
  using short = await exact(net, { ...SHORT, clip: undefined });
  using whole = await exact(net, { ...WHOLE, clip: undefined });
  whole.forward([0, 0, 0]);
  const states = Object.fromEntries(
    Object.keys(whole.states()).map((name) => {
      return [name, Float32Array.from({ length: batch * H }, () => random.uniform())];
    }),
  );
  const { x, y } = sample(net, T, 6, batch);
  // No target of one segment counts, and some targets of another segment do not count.
  const ignored = y.map((target, i) => i >= 10 * batch && i < 17 * batch ? -100 : target);
  const got = short.step({ x, y: ignored }, { batch, states }), want = whole.step({ x, y: ignored }, { batch, states });
  assertEquals(got.gradientNorm, want.gradientNorm);
  assert(Math.abs(got.loss / want.loss - 1) <= 2 * U);
  assertSame(tensors(short.gradients()), tensors(whole.gradients()), "gradients");
  assertSame(short.states(), whole.states(), "last states");
  const next = sample(net, 2, 7, batch);
  assertEquals(short.forward(next.x, { batch, states: "carry" }), whole.forward(next.x, { batch, states: "carry" }));
});

for (const batchFirst of [false, true]) {
  for (const [name, cell] of Object.entries(CELLS)) {
    const what = `${name}, rows that end in different segments${batchFirst ? ", batch-first" : ""}`;
    Deno.test(`${what}: training in segments == training in one piece`, async () => {
      const net = classifier(cell, "values", { layers: 2, initialStates: "learned" });
      using short = await exact(net, { ...SHORT, batchFirst });
      using whole = await exact(net, { ...WHOLE, batchFirst });
      // Lengths within a segment, at its end, one step after its end; all before the last segment.
      for (const [step, lengths] of [[3, T, 12], [10, 5, 11], [1, 2, T - 1], [T, T, T]].entries()) {
        const data = sample(net, T, step), options = { lengths, states: step === 1 ? "carry" : "zero" } as const;
        const padding = data.x.map((value, i) => {
          const row = Math.floor(i / 6), t = batchFirst ? row % T : Math.floor(row / B);
          return t < lengths[batchFirst ? Math.floor(row / T) : row % B] ? value : NaN;
        });
        const got = short.step({ ...data, x: padding }, options), want = whole.step(data, options);
        assertEquals(got.gradientNorm, want.gradientNorm, `lengths ${lengths}: norm`);
        assert(Math.abs(got.loss / want.loss - 1) <= 2 * U, `lengths ${lengths}: loss`);
        assertSame(tensors(short.gradients()), tensors(whole.gradients()), `lengths ${lengths}: gradients`);
        assertSame(short.states(), whole.states(), `lengths ${lengths}: last states`);
      }
    });
  }
}

Deno.test("dropout in segments: both forward runs have the same masks", async () => {
  const layers = { layers: 2, dropout: 0.5, recurrentDropout: 0.3, inputDropout: 0.2 };
  const net = classifier(lstm, "embedding", layers), data = sample(net, T, 8);
  const options = { ...SHORT, clip: undefined, optimizer: sgd({ learningRate: 0 }) };
  // Sessions with one seed draw the same masks, so losses of different parameters can be compared.
  using session = await exact(net, options);
  session.step(data);
  const gradients = session.gradients(), parameters = session.parameters(), random = new Generator(9);
  for (const [name, { data: gradient }] of gradients) {
    const direction = gradient.map(() => random.uniform() - 0.5), step = 1e-2;
    const losses = [];
    for (const sign of [1, -1]) {
      const moved = new Map(parameters), { shape, data: values } = parameters.get(name)!;
      moved.set(name, { shape, data: values.map((value, i) => value + sign * step * direction[i]) });
      using other = await exact(net, options);
      other.setParameters(moved);
      losses.push(other.step(data).loss);
    }
    const slope = (losses[0] - losses[1]) / (2 * step);
    const want = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
    // The difference of f32 losses near 2.4 has an error of 2 U * 2.4 / 2e-2 = 1.4e-5, plus a third derivative times
    // 1e-4 / 6.
    const error = Math.abs(slope - want);
    assert(error <= 3e-5 + 1e-3 * Math.abs(want), `${name}: the slope is ${slope}, the gradient says ${want}`);
  }
  // Another pass has other masks.
  const again = session.step(data).loss;
  using other = await exact(net, options);
  assertNotEquals(again, other.step(data).loss);
  assertEquals(again, other.step(data).loss);
});

Deno.test("the plan with recompute has the memory of one segment", async () => {
  const net = classifier(lstm, "embedding", { layers: 2 });
  using short = await exact(net, SHORT);
  using plain = await exact(net, { ...SHORT, recompute: false });
  using whole = await exact(net, WHOLE);
  assertEquals(short.plan, plain.plan);
  const activations = (session: Session) =>
    session.plan.filter(({ group }) => group === "activations").reduce((sum, { bytes }) => sum + bytes, 0);
  // States have one block more than there are steps, and last states belong to no step.
  assert(activations(short) < activations(whole) * (SEGMENT + 2) / T);
});

Deno.test("calls that cannot run in segments are refused, and change nothing", async () => {
  const net = classifier(lstm, "embedding", {}), data = sample(net, T, 1), more = { ...data, y: [...data.y, 0] };
  using session = await exact(net, SHORT);
  session.step(sample(net, SEGMENT, 2));
  const before = { ...session.states(), ...tensors(session.parameters()) };
  const refused = (error: typeof OptionError | typeof ShapeError, text: string, run: () => unknown) => {
    assertThrows(run, error, text);
    assertSame({ ...session.states(), ...tensors(session.parameters()) }, before, text);
  };
  refused(OptionError, '"lengths"', () => session.step(data, { lengths: [T, T + 1, T] }));
  for (const batch of [0, -1, 1.5, NaN, B + 1]) {
    refused(OptionError, '"batch" of a call', () => session.step(data, { batch }));
  }
  refused(ShapeError, '"y"', () => session.step(more));
  refused(ShapeError, '"y"', () => session.step({ ...data, y: data.y.slice(1) }));
  refused(ShapeError, '"x"', () => session.step({ ...data, x: [...data.x, 0] }));
  refused(OptionError, "ignored", () => session.step({ ...data, y: data.y.map(() => -100) }));
  const late = [...data.x];
  late[T * B - 1] = V;
  refused(OptionError, "got 11", () => session.step({ ...data, x: late }));

  using both = await exact(classifier(lstm, "embedding", { bidirectional: true }), SHORT);
  both.step(sample(net, SEGMENT, 1));
  assertThrows(() => both.step(data), OptionError, "bidirectional");
  using plain = await exact(net, { ...SHORT, recompute: false });
  assertThrows(() => plain.step(data), ShapeError, `T from 1 to ${SEGMENT}`);
});

function classifier(cell: () => Cell, input: string, options: Partial<RecurrentOptions>): Layer {
  const below = INPUTS[input](), width = input === "one-hot" ? V : 6;
  const rnn = recurrent(cell(), { input: width, hidden: H, ...options });
  return sequential({ ...below, rnn, decoder: dense(rnn.output.width, V) });
}

function sample(net: Layer, steps: number, seed: number, batch = B): { x: number[]; y: number[] } {
  const random = new Generator(seed), { kind, width } = net.input;
  const tokens = () => Array.from({ length: steps * batch }, () => random.integer(V));
  const y = tokens();
  if (kind !== "values") return { x: tokens(), y };
  return { x: Array.from({ length: steps * batch * width }, () => 2 * random.uniform() - 1), y };
}

function tensors(map: ReadonlyMap<string, { data: Float32Array }>): Results {
  return Object.fromEntries([...map].map(([name, { data }]) => [name, data]));
}
