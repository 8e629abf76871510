/**
 * Whole nets, compiled to train: what comes out of a row does not depend on the rows beside it, in either build, as
 * every number is one chain of roundings whose order the size of the batch does not change.
 */
import { assert } from "@std/assert";
import {
  adam,
  compile,
  crossEntropy,
  dense,
  dropout,
  elman,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
  type Session,
  type States,
} from "../../mod.ts";
import { activation, attentionPool, layerNorm, pool, residual } from "../../layers.ts";
import { Generator } from "../../src/random/generator.ts";
import { assertSame, draw, range, type Results } from "../support/cells/trial.ts";

/** More rows than a tile of any build has (6), and a rest; likewise columns. */
const T = 6, B = 14, V = 19, CLASSES = 9;
const LENGTHS = [3, 6, 1, 6, 4, 2, 5, 5, 1, 6, 3, 2, 4, 6];

const NETS: Record<string, Layer> = {
  "embedding, stacked lstm, layer norm": sequential({
    embedding: embedding(V, 10),
    dropout: dropout(10, 0.5),
    rnn: recurrent(lstm(), { input: 10, hidden: [17, 11], dropout: 0.3 }),
    norm: layerNorm(11),
    decoder: dense(11, CLASSES),
  }),
  "one-hot, bidirectional gru, residual": sequential({
    input: oneHot(V),
    rnn: recurrent(gru({ reset: "before" }), { input: V, hidden: 9, bidirectional: true }),
    deeper: residual(recurrent(gru(), { input: 18, hidden: 18 })),
    decoder: dense(18, CLASSES),
  }),
  "values, elman, activation": sequential({
    encoder: dense(5, 33),
    squash: activation("softplus", 33),
    rnn: recurrent(elman({ activation: "relu" }), { input: 33, hidden: 13, initialStates: "learned" }),
    decoder: dense(13, CLASSES),
  }),
  "values, last output of a projected lstm": sequential({
    rnn: recurrent(lstm({ projection: 6 }), { input: 5, hidden: 15, bidirectional: true, output: "last" }),
    decoder: dense(12, CLASSES),
  }),
  "one-hot, gru, attention pooling": sequential({
    input: oneHot(V),
    rnn: recurrent(gru(), { input: V, hidden: 9, bidirectional: true }),
    pool: attentionPool(18, { hidden: 7 }),
    decoder: dense(18, CLASSES),
  }),
  "values, the largest of a dense layer's steps": sequential({
    encoder: dense(5, 21),
    pool: pool(21, "max"),
    decoder: dense(21, CLASSES),
  }),
};

/** A row's part of everything that goes in. */
interface Row {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly states: States;
  readonly length: number;
}

for (const numerics of ["exact", "fast"] as const) {
  for (const [name, net] of Object.entries(NETS)) {
    const options = { batch: B, steps: T, batchFirst: true, loss: crossEntropy(), optimizer: adam(), numerics };

    Deno.test(`${name}, ${numerics}: a row alone == in a batch == in another order == beside rows of NaN`, async () => {
      using session = await compile(net, options);
      // Some steps of training, so that no bias or initial state is zero.
      for (let i = 0; i < 3; i++) {
        const rows = drawRows(net, i), y = join(rows, "y");
        session.step({ x: join(rows, "x"), y }, { lengths: LENGTHS });
      }
      for (const lengths of [undefined, LENGTHS]) {
        const rows = drawRows(net, 7, lengths), want = run(session, net, rows);
        for (const b of range(B)) assertSame(run(session, net, [rows[b]])[0], want[b], `row ${b} alone`);
        for (const seed of range(3)) {
          const order = range(B);
          new Generator(seed).shuffle(order);
          const some = order.slice(0, B - 4 * seed), got = run(session, net, some.map((b) => rows[b]));
          some.forEach((b, i) => assertSame(got[i], want[b], `row ${b} as row ${i} of ${some}`));
        }
        for (const bad of [0, 6, B - 1]) {
          const got = run(session, net, rows.with(bad, poisoned(rows[bad], net)));
          for (const b of range(B)) {
            if (b !== bad) assertSame(got[b], want[b], `row ${b} beside row ${bad} of NaN`);
            else assert(got[b].losses.some(Number.isNaN), `row ${b} has no NaN to spread`);
          }
        }
      }
    });
  }
}

/** Seeded rows for a net. */
function drawRows(net: Layer, seed: number, lengths: readonly number[] = Array(B).fill(T)): Row[] {
  const { x, states } = draw(net, { T, B }, seed),
    random = new Generator(seed + 100),
    targets = net.output.steps === "one" ? 1 : T;
  return range(B).map((b) => ({
    x: part(x, b),
    y: Float32Array.from({ length: targets }, () => random.integer(CLASSES)),
    states: Object.fromEntries(Object.entries(states).map(([name, data]) => [name, part(data, b)])),
    length: lengths[b],
  }));
}

/** Outputs, last states and losses of every row. */
function run(session: Session, net: Layer, rows: readonly Row[]): Results[] {
  const names = Object.keys(rows[0].states), x = join(rows, "x"), y = join(rows, "y");
  const states = Object.fromEntries(names.map((name) => [name, concat(rows.map((row) => row.states[name]))]));
  const options = { batch: rows.length, states, lengths: rows.map(({ length }) => length) };
  const all: Results = { output: session.forward(x, options), ...session.states() };
  all.losses = session.losses({ x, y }, options);
  assert(all.output.length === rows.length * (net.output.steps === "one" ? 1 : T) * CLASSES);
  return rows.map((_, i) =>
    Object.fromEntries(Object.entries(all).map(([name, data]) => [name, part(data, i, rows.length)]))
  );
}

/** A row of NaN: values and states where there are any. */
function poisoned(row: Row, net: Layer): Row {
  const states = Object.fromEntries(Object.entries(row.states).map(([name, data]) => [name, data.map(() => NaN)]));
  return { ...row, states, x: net.input.kind === "values" ? row.x.map(() => NaN) : row.x };
}

function join(rows: readonly Row[], name: "x" | "y"): Float32Array {
  return concat(rows.map((row) => row[name]));
}

function concat(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** The b-th of so many equal parts. */
function part(data: Float32Array, b: number, parts = B): Float32Array {
  return data.slice(b * data.length / parts, (b + 1) * data.length / parts);
}
