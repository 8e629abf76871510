/**
 * A bidirectional layer is two plain ones: one on the sequence, one on the sequence of which every row is read from its
 * own end. The exact build gives the bits of two such runs, with lengths and without; so tests compose the layer from
 * plain sessions.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { type Cell, type Layer, type Merge, oneHot, recurrent, sequential, ShapeError } from "../../mod.ts";
import { bidirectional } from "../../src/layers/bidirectional.ts";
import { reverse } from "../../src/ops/reverse.ts";
import { assertSame, draw, pass, type Results } from "../cells/trial.ts";
import { checkPass } from "../gradients/gradient_check.ts";
import { cellRoundings, U, walk } from "../rounding.ts";
import { CELLS, exact } from "./cells.ts";
import { exchanged, halvesExchanged, renamed, reversed, select } from "./directions.ts";
import { padded } from "./padding.ts";

const EXTENT = { T: 7, B: 5 }, { T, B } = EXTENT, I = 3, H = 9, V = 6, PLAN = { batch: B, steps: T };
const LENGTHS: readonly (readonly number[] | undefined)[] = [undefined, [3, 7, 1, 7, 4], [2, 5, 1, 1, 3]];

/** How outputs a and b of the directions become one, and the gradients of a and b that follow from the result's. */
const MERGES: Record<Merge, {
  output(a: number, b: number): number;
  da(dy: number, a: number, b: number): number;
  db(dy: number, a: number, b: number): number;
}> = {
  concat: { output: () => NaN, da: () => NaN, db: () => NaN }, // by columns: see below
  sum: { output: (a, b) => a + b, da: (dy) => dy, db: (dy) => dy },
  average: { output: (a, b) => 0.5 * Math.fround(a + b), da: (dy) => 0.5 * dy, db: (dy) => 0.5 * dy },
  multiply: { output: (a, b) => a * b, da: (dy, _a, b) => dy * b, db: (dy, a) => dy * a },
};

for (const [name, cell] of Object.entries(CELLS)) {
  for (const merge of Object.keys(MERGES) as Merge[]) {
    for (const width of [I, undefined]) {
      Deno.test(`${name}, ${merge}, ${width ? "values" : "one-hot"}: both directions == two plain runs`, async () => {
        for (const lengths of LENGTHS) await isTwoRuns(cell, merge, width, lengths);
      });
    }
  }

  Deno.test(`${name}: directions exchanged on the reversed sequence == the same, reversed`, async () => {
    const net = recurrent(cell(), { input: I, hidden: H, bidirectional: true });
    const data = draw(net, EXTENT, 2), width = net.output.width / 2;
    using session = await exact(net, PLAN);
    for (const lengths of LENGTHS) {
      const want = pass(session, data, B, { lengths }), parameters = session.parameters();
      session.setParameters(new Map([...parameters].map(([name, tensor]) => [exchanged(name), tensor])));
      const got = pass(
        session,
        {
          x: reversed(data.x, EXTENT, lengths),
          dOutput: reversed(halvesExchanged(data.dOutput, width), EXTENT, lengths),
          states: renamed(data.states, exchanged),
          dStates: renamed(data.dStates, exchanged),
        },
        B,
        { lengths },
      );
      session.setParameters(parameters);
      const back = {
        ...renamed(got, exchanged),
        output: halvesExchanged(reversed(got.output, EXTENT, lengths), width),
        dx: reversed(got.dx, EXTENT, lengths), // a + b == b + a
      };
      assertSame(back, want, `lengths ${lengths}`);
    }
  });

  for (const merge of Object.keys(MERGES) as Merge[]) {
    Deno.test(`${name}, ${merge}: gradients of two layers against central differences`, async () => {
      const net = recurrent(cell(), { input: I, hidden: [5, 4], bidirectional: true, merge }), extent = { T: 4, B: 3 };
      for (const lengths of [undefined, [4, 2, 1]]) {
        const findings = await checkPass(net, extent, draw(net, extent, 3), { lengths });
        // The gradient comes as f32 numbers, off by U; the differences are true to 1e-8 of the largest. A result
        // of the builds goes through two layers and, in each, through a sum of two directions.
        const builds = walk(2 * cellRoundings({ ...extent, I: 10, H: 5 }));
        for (const { tensor, differences, noise, builds: { exact, fast } } of findings) {
          const errors = { differences: [differences, U + 1e-8 + noise], exact: [exact, builds], fast: [fast, builds] };
          for (const [what, [error, bound]] of Object.entries(errors)) {
            if (!(error <= bound)) throw new Error(`${tensor}, lengths ${lengths}: ${what}: ${error} > ${bound}`);
          }
        }
      }
    });
  }
}

Deno.test("reversed twice == the sequence itself, and its gradient", async () => {
  const twice: Layer = {
    input: { kind: "values", width: I },
    output: { kind: "values", width: I },
    parameters: {},
    plan(scope, x) {
      const once = reverse(scope, x), again = reverse(scope, once.port);
      return {
        output: again.port,
        states: [],
        refresh() {},
        forward(k, extent) {
          once.forward(k, extent);
          again.forward(k, extent);
        },
        backward(k, extent) {
          // Both add to what is there.
          for (const { address, stride } of [once.port.gradient!, x.gradient!]) {
            k.zero(address, extent.T * extent.B, I, stride);
          }
          again.backward(k, extent);
          once.backward(k, extent);
        },
        gradients() {},
      };
    },
  };
  using session = await exact(twice, PLAN);
  const { x, dOutput } = draw(twice, EXTENT, 4);
  for (const lengths of LENGTHS) {
    const valid = (sequence: Float32Array) => padded(sequence, EXTENT, lengths ?? new Array(B).fill(T), 0);
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
  const net = make({ bidirectional: true, merge }), data = draw(net, EXTENT, 1), plain = make({});
  using both = await exact(net, PLAN);
  using ahead = await exact(plain, PLAN);
  using back = await exact(plain, PLAN);
  const own = (name: string) => !name.endsWith("_reverse"), others = (name: string) => name.endsWith("_reverse");
  const parameters = both.parameters();
  ahead.setParameters(new Map([...parameters].filter(([name]) => own(name))));
  const ofBack = [...parameters].filter(([name]) => others(name));
  back.setParameters(new Map(ofBack.map(([name, tensor]) => [exchanged(name), tensor])));

  // Forward alone first: what the merge does to gradients depends on both outputs.
  const backData = {
    x: reversed(data.x, EXTENT, lengths),
    states: renamed(select(data.states, others), exchanged),
    dStates: renamed(select(data.dStates, others), exchanged),
  };
  const a = ahead.forward(data.x, { lengths, states: select(data.states, own) });
  const b = reversed(back.forward(backData.x, { lengths, states: backData.states }), EXTENT, lengths);
  const { output, da, db } = merge === "concat"
    ? concatenated(a, b, data.dOutput)
    : combined(merge, a, b, data.dOutput);
  const first = pass(
    ahead,
    { x: data.x, states: select(data.states, own), dStates: select(data.dStates, own), dOutput: da },
    B,
    { lengths },
  );
  const second = renamed(
    pass(back, { ...backData, dOutput: reversed(db, EXTENT, lengths) }, B, { lengths }),
    exchanged,
  );
  const want: Results = { ...first, ...second, output };
  if (first.dx) {
    const turned = reversed(second.dx, EXTENT, lengths);
    want.dx = first.dx.map((value, i) => value + turned[i]);
  }
  assertSame(pass(both, data, B, { lengths }), want, `lengths ${lengths}`);
}

function combined(merge: Merge, a: Float32Array, b: Float32Array, dy: Float32Array) {
  const { output, da, db } = MERGES[merge];
  return {
    output: a.map((value, i) => output(value, b[i])),
    da: dy.map((d, i) => da(d, a[i], b[i])),
    db: dy.map((d, i) => db(d, a[i], b[i])),
  };
}

function concatenated(a: Float32Array, b: Float32Array, dy: Float32Array) {
  const width = a.length / (T * B);
  const output = new Float32Array(2 * a.length), da = new Float32Array(a.length), db = new Float32Array(b.length);
  for (let row = 0; row < T * B; row++) {
    const left = 2 * row * width, right = left + width, of = [row * width, (row + 1) * width] as const;
    output.set(a.subarray(...of), left);
    output.set(b.subarray(...of), right);
    da.set(dy.subarray(left, right), of[0]);
    db.set(dy.subarray(right, right + width), of[0]);
  }
  return { output, da, db };
}
