/**
 * A bidirectional layer is two plain layers: one on the sequence, one on the sequence with every row reversed. The
 * exact build has the bits of two plain runs, with lengths and without, so the tests compose the layer from plain
 * sessions.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import {
  type Cell,
  crossEntropy,
  dense,
  type Layer,
  type Merge,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { residual } from "../../layers.ts";
import { bidirectional } from "../../src/layers/bidirectional.ts";
import { reverse } from "../../src/ops/reverse.ts";
import { assertSame, draw, pass, type Results } from "../support/cells/trial.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { cellRoundings, walk } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";
import { exchanged, halvesExchanged, renamed, reversed, select } from "../support/layers/directions.ts";
import { padded } from "../support/layers/padding.ts";

const SHAPE = { T: 7, B: 5 }, { T, B } = SHAPE, I = 3, H = 9, V = 6, PLAN = { batch: B, steps: T };
const LENGTHS: readonly (readonly number[] | undefined)[] = [undefined, [3, 7, 1, 7, 4], [2, 5, 1, 1, 3]];

/** The merge of the outputs a and b of the directions, and the gradients of a and b. */
const MERGES: Record<Exclude<Merge, "none">, {
  output(a: number, b: number): number;
  da(dy: number, a: number, b: number): number;
  db(dy: number, a: number, b: number): number;
}> = {
  concat: { output: () => NaN, da: () => NaN, db: () => NaN }, // not elementwise: see below
  sum: { output: (a, b) => a + b, da: (dy) => dy, db: (dy) => dy },
  average: { output: (a, b) => 0.5 * Math.fround(a + b), da: (dy) => 0.5 * dy, db: (dy) => 0.5 * dy },
  multiply: { output: (a, b) => a * b, da: (dy, _a, b) => dy * b, db: (dy, a) => dy * a },
};

for (const [name, cell] of Object.entries(CELLS)) {
  for (const merge of [...Object.keys(MERGES), "none"] as Merge[]) {
    for (const width of [I, undefined]) {
      Deno.test(`${name}, ${merge}, ${width ? "values" : "one-hot"}: both directions == two plain runs`, async () => {
        for (const lengths of LENGTHS) await isTwoRuns(cell, merge, width, lengths);
      });
    }
  }

  Deno.test(`${name}: directions exchanged on the reversed sequence == the same, reversed`, async () => {
    const net = recurrent(cell(), { input: I, hidden: H, bidirectional: true });
    const data = draw(net, SHAPE, 2), width = net.output.width / 2;
    using session = await exact(net, PLAN);
    for (const lengths of LENGTHS) {
      const want = pass(session, data, B, { lengths }), parameters = session.parameters();
      session.setParameters(new Map([...parameters].map(([name, tensor]) => [exchanged(name), tensor])));
      const got = pass(
        session,
        {
          x: reversed(data.x, SHAPE, lengths),
          dOutput: reversed(halvesExchanged(data.dOutput, width), SHAPE, lengths),
          states: renamed(data.states, exchanged),
          dStates: renamed(data.dStates, exchanged),
        },
        B,
        { lengths },
      );
      session.setParameters(parameters);
      const back = {
        ...renamed(got, exchanged),
        output: halvesExchanged(reversed(got.output, SHAPE, lengths), width),
        dx: reversed(got.dx, SHAPE, lengths), // a + b == b + a
      };
      assertSame(back, want, `lengths ${lengths}`);
    }
  });

  for (const merge of Object.keys(MERGES) as (keyof typeof MERGES)[]) {
    Deno.test(`${name}, ${merge}: gradients of two layers against central differences`, async () => {
      const net = recurrent(cell(), { input: I, hidden: [5, 4], bidirectional: true, merge });
      // A result of the builds passes two layers, and in each a sum of two directions.
      const builds = walk(2 * cellRoundings({ T: 4, B: 3, I: 10, H: 5 }));
      for (const lengths of [undefined, [1, 4, 2]]) {
        assertRight(await gradientCheck(net, { lengths, seed: 3 }), builds, `lengths ${lengths}`);
      }
    });
  }
}

Deno.test("a stack whose top is not merged == a stack that concatenates, with its columns separated", async () => {
  const stack = (merge: Merge) =>
    recurrent(CELLS.lstm(), { input: I, hidden: [H, 4], bidirectional: true, merge, dropout: 0.5 });
  for (const batchFirst of [false, true]) {
    using session = await exact(stack("none"), { ...PLAN, batchFirst });
    using other = await exact(stack("concat"), { ...PLAN, batchFirst });
    const data = draw(stack("concat"), SHAPE, 5), dOutput = joined(...halves(data.dOutput));
    for (const lengths of LENGTHS) {
      const want = pass(other, data, B, { lengths });
      const got = pass(session, { ...data, dOutput }, B, { lengths });
      assertSame(got, { ...want, output: joined(...halves(want.output)) }, `lengths ${lengths}`);
    }
  }
});

Deno.test("a layer that would read two sequences as one is refused", async () => {
  const two = recurrent(CELLS.lstm(), { input: I, hidden: H, bidirectional: true, merge: "none" });
  assertThrows(() => sequential({ two, decoder: dense(2 * H, 3) }), ShapeError, 'merge "none"');
  assertThrows(
    () => residual(recurrent(CELLS.lstm(), { input: 4, hidden: 2, bidirectional: true, merge: "none" })),
    ShapeError,
    "one width",
  );
  await assertRejects(() => exact(two, { ...PLAN, loss: crossEntropy() }), OptionError, 'merge "none"');
  using session = await exact(two, PLAN);
  assertThrows(() => session.probabilities(new Float32Array(B * I)), OptionError, 'merge "none"');
});

Deno.test("reversed twice == the sequence itself, and its gradient", async () => {
  const twice: Layer = {
    input: { kind: "values", width: I },
    output: { kind: "values", width: I },
    parameters: {},
    wholeSequence: "a layer that reads backwards",
    plan(scope, x) {
      const once = reverse(scope, x), again = reverse(scope, once.output);
      return {
        output: again.output,
        states: [],
        needs: once.needs,
        refresh() {},
        forward(k, shape) {
          once.forward(k, shape);
          again.forward(k, shape);
        },
        backward(k, shape) {
          // Both add to the gradient.
          for (const { address, stride } of [once.output.gradient!, x.gradient!]) {
            k.zero(address, shape.T * shape.B, I, stride);
          }
          again.backward(k, shape);
          once.backward(k, shape);
        },
        gradients() {},
      };
    },
  };
  using session = await exact(twice, PLAN);
  const { x, dOutput } = draw(twice, SHAPE, 4);
  for (const lengths of LENGTHS) {
    const valid = (sequence: Float32Array) => padded(sequence, SHAPE, lengths ?? new Array(B).fill(T), 0);
    assertEquals(session.forward(x, { lengths }), valid(x));
    assertEquals(session.backward(dOutput).dx, valid(dOutput));
  }
});

Deno.test("two directions of different widths are refused", () => {
  const plain = (input: number, hidden: number) => recurrent(CELLS.lstm(), { input, hidden });
  assertThrows(() => bidirectional(plain(3, 4), plain(3, 5)), ShapeError, "the second takes 3 and gives 5");
  assertThrows(() => bidirectional(plain(3, 4), plain(2, 4)), ShapeError, "the second takes 2 and gives 4");
});

async function isTwoRuns(
  cell: () => Cell,
  merge: Merge,
  width: number | undefined,
  lengths: readonly number[] | undefined,
): Promise<void> {
  const make = (options: { bidirectional?: boolean; merge?: Merge }): Layer => {
    const rnn = recurrent(cell(), { input: width ?? V, hidden: H, ...options });
    return width ? rnn : sequential({ "": oneHot(V), rnn });
  };
  const net = make({ bidirectional: true, merge }), data = draw(net, SHAPE, 1), plain = make({});
  using both = await exact(net, PLAN);
  using ahead = await exact(plain, PLAN);
  using back = await exact(plain, PLAN);
  const own = (name: string) => !name.endsWith("_reverse"), others = (name: string) => name.endsWith("_reverse");
  const parameters = both.parameters();
  ahead.setParameters(new Map([...parameters].filter(([name]) => own(name))));
  const ofBack = [...parameters].filter(([name]) => others(name));
  back.setParameters(new Map(ofBack.map(([name, tensor]) => [exchanged(name), tensor])));

  // First forward alone: the gradients of the merge depend on both outputs.
  const backData = {
    x: reversed(data.x, SHAPE, lengths),
    states: renamed(select(data.states, others), exchanged),
    dStates: renamed(select(data.dStates, others), exchanged),
  };
  const a = ahead.forward(data.x, { lengths, states: select(data.states, own) });
  const b = reversed(back.forward(backData.x, { lengths, states: backData.states }), SHAPE, lengths);
  const { output, da, db } = merge === "none"
    ? apart(a, b, data.dOutput)
    : merge === "concat"
    ? concatenated(a, b, data.dOutput)
    : combined(merge, a, b, data.dOutput);
  const first = pass(
    ahead,
    { x: data.x, states: select(data.states, own), dStates: select(data.dStates, own), dOutput: da },
    B,
    { lengths },
  );
  const second = renamed(
    pass(back, { ...backData, dOutput: reversed(db, SHAPE, lengths) }, B, { lengths }),
    exchanged,
  );
  const want: Results = { ...first, ...second, output };
  if (first.dx) {
    const turned = reversed(second.dx, SHAPE, lengths);
    want.dx = first.dx.map((value, i) => value + turned[i]);
  }
  assertSame(pass(both, data, B, { lengths }), want, `lengths ${lengths}`);
}

function apart(a: Float32Array, b: Float32Array, dy: Float32Array) {
  return { output: joined(a, b), da: dy.slice(0, a.length), db: dy.slice(a.length) };
}

function combined(merge: keyof typeof MERGES, a: Float32Array, b: Float32Array, dy: Float32Array) {
  const { output, da, db } = MERGES[merge];
  return {
    output: a.map((value, i) => output(value, b[i])),
    da: dy.map((d, i) => da(d, a[i], b[i])),
    db: dy.map((d, i) => db(d, a[i], b[i])),
  };
}

function concatenated(a: Float32Array, b: Float32Array, dy: Float32Array) {
  const width = a.length / (T * B), [da, db] = halves(dy), output = new Float32Array(2 * a.length);
  for (let row = 0; row < T * B; row++) {
    output.set(a.subarray(row * width, (row + 1) * width), 2 * row * width);
    output.set(b.subarray(row * width, (row + 1) * width), (2 * row + 1) * width);
  }
  return { output, da, db };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  return Float32Array.of(...a, ...b);
}

/** The left and the right columns of T * B rows. */
function halves(rows: Float32Array): [Float32Array, Float32Array] {
  const width = rows.length / (2 * T * B), left = (_: number, i: number) => Math.floor(i / width) % 2 === 0;
  return [rows.filter(left), rows.filter((value, i) => !left(value, i))];
}
