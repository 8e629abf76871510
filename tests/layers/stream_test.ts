/**
 * A stream runs step by step, with states of its own, the sequence that a session runs at once. In the exact build both
 * give the same bits: each row of each matmul is one chain, independent of other rows.
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  adam,
  compile,
  crossEntropy,
  dense,
  DisposedError,
  dropout,
  embedding,
  type Layer,
  lstm,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  type Session,
  ShapeError,
  type Stream,
} from "../../mod.ts";
import { assertSame, draw, pass, range, steps } from "../support/cells/trial.ts";
import { CELLS, exact } from "../support/layers/cells.ts";

const T = 9, B = 3, I = 5, H = 9, V = 7, PLAN = { batch: B, steps: T };

const NETS: Record<string, Layer> = {};
for (const [name, cell] of Object.entries(CELLS)) {
  const rnn = (input: number) => recurrent(cell(), { input, hidden: H, layers: 2, initialStates: "learned" });
  NETS[`${name}, values`] = rnn(I);
  const width = rnn(I).output.width; // H, or the width of a projection
  NETS[`${name}, one-hot`] = sequential({ input: oneHot(V), rnn: rnn(V), decoder: dense(width, V) });
  NETS[`${name}, embedded`] = sequential({
    input: embedding(V, I),
    drop: dropout(I, 0.5),
    rnn: recurrent(cell(), { input: I, hidden: H, recurrentDropout: 0.5, inputDropout: 0.5 }),
    decoder: dense(width, V),
  });
}

for (const [name, net] of Object.entries(NETS)) {
  const { x } = draw(net, { T, B }, 1), other = draw(net, { T, B }, 2);

  Deno.test(`${name}: a stream == the whole sequence`, async () => {
    for (const train of [true, false]) {
      using session = await unlike(net, train);
      const whole = session.forward(x);
      for (const batch of [B, 1]) {
        const data = rows(x, batch), want = batch === B ? whole : session.forward(data, { batch });
        const stream = session.stream({ batch });
        assertEquals(run(stream, data), want, `train ${train}, batch ${batch}`);
        stream.reset();
        assertEquals(run(stream, data), want, `train ${train}, batch ${batch}, again`);
      }
    }
  });

  Deno.test(`${name}: two streams and the session's calls do not disturb each other`, async () => {
    using session = await unlike(net, true);
    using alone = await unlike(net, true);
    const first = session.stream({ batch: B }), second = session.stream({ batch: 1 });
    const want = [alone.forward(x), alone.forward(rows(other.x, 1), { batch: 1 })];
    const got: Float32Array[][] = [[], []];
    for (const t of range(T)) {
      got[0].push(first.step(steps(x, T, t, t + 1)));
      // The session carries on from its last states, forward and backward.
      const piece = steps(other.x, T, t, t + 1), options = { states: t ? "carry" : "zero" } as const;
      assertEquals(session.forward(piece, options), alone.forward(piece, options), `step ${t}`);
      const states = session.states();
      assertSame(states, alone.states(), `states at step ${t}`);
      got[1].push(second.step(steps(rows(other.x, 1), T, t, t + 1)));
      assertSame(session.states(), states, `states at step ${t}, after a stream's`);
      if (t === 4) {
        const data = { ...other, states: session.states() };
        assertSame(pass(session, data, B), pass(alone, data, B), "a pass forward and backward between");
      }
    }
    assertEquals(got.map((outputs) => outputs.flatMap((output) => [...output])), want.map((output) => [...output]));
  });
}

Deno.test("after a stream, the states of a call with its own lengths and batch can be carried", async () => {
  const net = NETS["lstm, values"], { x } = draw(net, { T, B }, 3), lengths = [4, 9, 2];
  using session = await unlike(net, true);
  using alone = await unlike(net, true);
  for (const batch of [B, 2]) {
    const options = { batch, lengths: lengths.slice(0, batch) }, data = rows(x, batch);
    for (const each of [session, alone]) each.forward(data, options);
    session.stream().step(x.subarray(0, I));
    for (const states of ["carry", "carry"] as const) {
      assertEquals(session.forward(data, { ...options, states }), alone.forward(data, { ...options, states }));
    }
  }
});

Deno.test("a stream between forward and backward overwrites the activations", async () => {
  const net = NETS["lstm, values"], { x, dOutput } = draw(net, { T, B }, 4);
  using session = await unlike(net, true);
  const stream = session.stream();
  session.forward(x);
  stream.step(x.subarray(0, I));
  assertThrows(() => session.backward(dOutput), OptionError, "forward of its own");
});

Deno.test("training between two steps of a stream changes the next step; the stream's states stay", async () => {
  const net = NETS["gru, reset after, one-hot"];
  const options = { ...PLAN, loss: crossEntropy(), optimizer: adam({ learningRate: 0.1 }) };
  using session = await exact(net, options);
  using other = await exact(net, options);
  const { x } = draw(net, { T, B }, 5), stream = session.stream({ batch: B });
  const first = steps(x, T, 0, 1), second = steps(x, T, 1, 2);
  assertEquals(stream.step(first), other.forward(first));
  const states = other.states();
  for (const each of [session, other]) each.step({ x, y: x });
  const got = stream.step(second);
  assertEquals(got, other.forward(second, { states }));
  assertNotEquals(got, run(session.stream({ batch: B }), second, 1));
});

Deno.test("an output array is filled and returned", async () => {
  const net = NETS["lstm, values"], { x } = draw(net, { T, B }, 6);
  using session = await unlike(net, false);
  const stream = session.stream({ batch: B }), again = session.stream({ batch: B });
  const output = new Float32Array(B * H).fill(NaN);
  for (const t of range(T)) {
    assert(stream.step(steps(x, T, t, t + 1), output) === output);
    assertEquals(output, again.step(steps(x, T, t, t + 1)));
  }
  assertThrows(() => stream.step(steps(x, T, 0, 1), new Float32Array(B * H + 1)), ShapeError, '"output"');
});

Deno.test("an input that is not one step is refused, and does not change the stream", async () => {
  const net = NETS["lstm, embedded"];
  using session = await unlike(net, false);
  const stream = session.stream({ batch: 2 }), want = session.stream({ batch: 2 });
  for (const each of [stream, want]) each.step([1, 2]);
  for (const x of [[], [1], [1, 2, 3], [1, 2, 3, 4]]) assertThrows(() => stream.step(x), ShapeError, '"x"');
  for (const token of [-1, V, 0.5, NaN]) assertThrows(() => stream.step([0, token]), OptionError, "at 1");
  assertEquals(stream.step([3, 4]), want.step([3, 4]));
  for (const batch of [0, B + 1, 1.5]) assertThrows(() => session.stream({ batch }), OptionError, '"batch"');
});

Deno.test("a bidirectional net has no streams", async () => {
  using session = await exact(recurrent(lstm(), { input: I, hidden: H, bidirectional: true }), PLAN);
  assertThrows(() => session.stream(), OptionError, "bidirectional");
});

Deno.test("a stream of a disposed session throws DisposedError", async () => {
  const session = await unlike(NETS["lstm, embedded"], false), stream = session.stream();
  session[Symbol.dispose]();
  assertThrows(() => stream.step([1]), DisposedError);
  assertThrows(() => session.stream(), DisposedError);
});

/** A session whose learned initial states are not zeros. */
async function unlike(net: Layer, train: boolean): Promise<Session> {
  const session = await compile(net, { ...PLAN, train, numerics: "exact" }), parameters = session.parameters();
  for (const [name, { data }] of parameters) if (name.includes("initial_")) data.fill(0.5);
  session.setParameters(parameters);
  return session;
}

/** The outputs of a stream for all `count` steps of x. */
function run(stream: Stream, x: Float32Array, count = T): Float32Array {
  return Float32Array.from(range(count).flatMap((t) => [...stream.step(steps(x, count, t, t + 1))]));
}

/** The first rows of each step. */
function rows(x: Float32Array, batch: number): Float32Array {
  const width = x.length / (T * B);
  return x.filter((_, i) => Math.floor(i / width) % B < batch);
}
