/**
 * Tokens and targets are copied once, and the copies are checked: an array that changes between two reads, or between
 * the check and the use, does not get past a check.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  crossEntropy,
  type Data,
  dense,
  embedding,
  gru,
  type Layer,
  oneHot,
  OptionError,
  type PlanOptions,
  recurrent,
  sequential,
  type Session,
  sgd,
  ShapeError,
  squaredError,
} from "../../mod.ts";
import { ctc } from "../../losses.ts";
import { decode, encoderDecoder } from "../../models.ts";
import { trainingAccess } from "../../mpi.ts";

const V = 5, T = 4, B = 2;
type Call = Data & { lengths?: ArrayLike<number>; decoderInput?: ArrayLike<number> };

function rnn(input: Layer, output = V): Layer {
  return sequential({ input, rnn: recurrent(gru(), { input: V, hidden: 6 }), output: dense(6, output) });
}

const X = [1, 2, 3, 4, 0, 1, 2, 3], Y = [4, 3, 2, 1, 0, 4, 3, 2], WEIGHTS = [1, 2, 0.5, 1, 1, 1, 1, 2];
const pair = { x: X, decoderInput: X.slice(2), y: Y.slice(2) };

/** Nets, and the calls that read every kind of data. */
const CASES: Record<string, { net(): Layer; options?: Partial<PlanOptions>; call: Call }> = {
  "embedded tokens, classes, weights, lengths": {
    net: () => rnn(embedding(V, V)),
    call: { x: X, y: Y, weights: WEIGHTS, lengths: [4, 3] },
  },
  "one-hot tokens, labels": {
    net: () => rnn(oneHot(V)),
    options: { loss: ctc() },
    call: { x: X, y: [1, 2, 3], targetLengths: [2, 1] },
  },
  "numbers": {
    net: () => rnn(oneHot(V), 1),
    options: { loss: squaredError() },
    call: { x: X, y: Y.map((y) => y / 2), weights: [1, 2] },
  },
  "a decoder": {
    net: () =>
      encoderDecoder({
        encoder: sequential({ embedding: embedding(V, V), rnn: recurrent(gru(), { input: V, hidden: 6 }) }),
        decoder: rnn(embedding(V, V)),
      }),
    call: { ...pair, weights: WEIGHTS.slice(2) },
  },
  "longer than the plan": {
    net: () => rnn(embedding(V, V)),
    options: { steps: 2, recompute: true },
    call: { x: X, y: Y, weights: WEIGHTS, lengths: [4, 3] },
  },
};

function start({ net, options }: (typeof CASES)[string]): Promise<Session> {
  const optimizer = sgd({ learningRate: 0.1 });
  return compile(net(), {
    batch: B,
    steps: T,
    seed: 1,
    loss: crossEntropy(),
    optimizer,
    numerics: "exact",
    ...options,
  });
}

/** An array-like with these numbers when they are read for the first time, and another number at every later read. */
function changing(numbers: ArrayLike<number>, later: number): ArrayLike<number> {
  const seen = new Set<PropertyKey>();
  return new Proxy(numbers, {
    get(target, key) {
      if (key === "length" || typeof key === "symbol" || isNaN(Number(key))) return Reflect.get(target, key);
      if (seen.has(key)) return later;
      seen.add(key);
      return target[Number(key)];
    },
  });
}

function run(session: Session, name: "step" | "accumulate" | "evaluate" | "losses", call: Call): unknown {
  const { lengths, decoderInput, ...data } = call;
  return session[name](data, { lengths, decoderInput });
}

for (const [name, subject] of Object.entries(CASES)) {
  Deno.test(`${name}: arrays that change after they were read are those that were read`, async () => {
    for (const later of [-1, V, 1e6, -1e6, 2 ** 31, NaN, 0.5]) {
      using session = await start(subject), other = await start(subject);
      const fits = !subject.options?.recompute;
      for (
        const method of fits ? ["step", "accumulate", "evaluate", "losses"] as const : ["step", "accumulate"] as const
      ) {
        const call = Object.fromEntries(
          Object.entries(subject.call).map(([key, value]) => [key, changing(value as number[], later)]),
        ) as unknown as Call;
        assertEquals(run(session, method, call), run(other, method, subject.call), `${method}, later ${later}`);
      }
      assertEquals(session.update(), other.update());
      assertEquals(session.parameters(), other.parameters());
    }
  });

  Deno.test(`${name}: memory shared with others may change while the call runs`, async () => {
    using session = await start(subject), other = await start(subject);
    const shared = Object.entries(subject.call).map(([key, value]) => {
      const array = new Float64Array(new SharedArrayBuffer(8 * (value as number[]).length));
      array.set(value as number[]);
      return [key, array] as const;
    });
    // When the targets are read, everything that was read before becomes wrong.
    const spoil = () =>
      shared.forEach(([key, array]) => ["y", "weights", "targetLengths"].includes(key) || array.fill(1e6));
    const call = Object.fromEntries(shared) as unknown as Call;
    const data = {
      ...call,
      get y() {
        return spoil(), shared.find(([key]) => key === "y")![1];
      },
    };
    const { lengths, decoderInput } = call;
    const wanted = run(other, "step", subject.call);
    assertEquals(session.step(data, { lengths, decoderInput }), wanted);
    assertEquals(session.parameters(), other.parameters());
  });

  Deno.test(`${name}: a replay for an error reads no array again`, async () => {
    using session = await start(subject);
    const { lengths, decoderInput, ...data } = subject.call;
    const parameters = session.parameters();
    const [last, { data: bias }] = [...parameters].at(-1)!;
    session.accumulate({ ...data, x: changing(data.x, 1e6) }, { lengths, decoderInput });
    const access = trainingAccess(session);
    access.combine({ count: 1, isNonFinite: false }, (gradients) => gradients.fill(NaN));
    assertThrows(() => session.update(), Error, "gradient norm is NaN");
    assertEquals(session.parameters().get(last)!.data, bias);
  });
}

Deno.test("streams and decoders read a token once", async () => {
  using session = await start(CASES["embedded tokens, classes, weights, lengths"]),
    pairs = await start(CASES["a decoder"]);
  const stream = session.stream({ batch: B }), other = session.stream({ batch: B });
  const first = decode(pairs, changing(X, 1e6)), second: Float32Array[] = [];
  for (const later of [-1, V, 1e6]) {
    assertEquals(stream.step(changing([1, 2], later)), other.step([1, 2]));
    second.push(first.step(changing([1, 2], later)));
  }
  const plain = decode(pairs, X);
  for (const output of second) assertEquals(plain.step([1, 2]), output);
  assertThrows(() => stream.step([1, V]), OptionError, `got ${V} at 1`);
  assertThrows(() => plain.step([1, V]), OptionError, `got ${V} at 1`);
});

Deno.test("data that make another call of the session are refused", async () => {
  using session = await start(CASES["embedded tokens, classes, weights, lengths"]);
  const bad = X.map(() => 1e6);
  const before = [session.parameters(), session.trainingState()];
  const data = {
    x: X,
    get y() {
      assertThrows(() => session.forward(bad), OptionError, '"x"');
      return Y;
    },
  };
  for (const method of ["step", "accumulate", "evaluate", "losses"] as const) {
    assertThrows(() => session[method](data), OptionError, "another call of the same session");
  }
  assertEquals([session.parameters(), session.trainingState()], before);
});

Deno.test("elements that are no numbers, and lengths that are no arrays', are refused by name", async () => {
  using session = await start(CASES["embedded tokens, classes, weights, lengths"]);
  for (const odd of [null, undefined, "1", true, {}]) {
    const numbers = (from: number[]) => from.with(3, odd as unknown as number);
    assertThrows(() => session.step({ x: numbers(X), y: Y }), OptionError, '"x"');
    assertThrows(() => session.step({ x: X, y: numbers(Y) }), OptionError, '"y"');
    assertThrows(() => session.step({ x: X, y: Y, weights: numbers(WEIGHTS) }), OptionError, '"weights"');
  }
  for (const length of [-1, 0.5, NaN, 2 ** 53, 2 ** 60, "8"]) {
    assertThrows(() => session.step({ x: X, y: { length } as ArrayLike<number> }), ShapeError, '"y"');
  }
});

Deno.test("the staging has its place in the plan", async () => {
  using session = await start(CASES["embedded tokens, classes, weights, lengths"]);
  const row = session.plan.find(({ name }) => name === "staging");
  assertEquals(row, { name: "staging", group: "activations", bytes: row!.bytes });
  assert(row!.bytes >= 8 * 3 * T * B); // tokens, targets, weights
});
