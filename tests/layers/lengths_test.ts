/**
 * Rows of different lengths in one batch: every row has the bits it has alone, and padding is not read.
 *
 * In the exact build each number is one chain of roundings, and rows of a batch meet only in the parameters' gradients.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  embedding,
  type Layer,
  lstm,
  oneHot,
  OptionError,
  recurrent,
  type RecurrentOptions,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { Generator } from "../../src/random/generator.ts";
import {
  assertSame,
  type Data,
  dataRows,
  draw,
  pass,
  range,
  resultRows,
  type Results,
} from "../support/cells/trial.ts";
import { cellRoundings, distance, size, walk } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";
import { paddedData, shortResult, shortRow, transposed } from "../support/layers/padding.ts";

const SHAPE = { T: 7, B: 5 }, { T, B } = SHAPE, I = 3, H = 9, PLAN = { batch: B, steps: T };
/** Lengths that are all different, so that their order is unique. The second lengths are all below T. */
const LENGTHS: readonly (readonly number[])[] = [[3, 7, 1, 6, 4], [2, 5, 1, 4, 3]];

const STACKS: Record<string, Partial<RecurrentOptions>> = {
  "one layer": {},
  "two layers": { layers: 2 },
  "bidirectional": { bidirectional: true },
  "two layers, bidirectional": { layers: 2, bidirectional: true },
  "two layers, multiplied": { layers: 2, bidirectional: true, merge: "multiply" },
  "two layers, averaged": { layers: 2, bidirectional: true, merge: "average" },
};

const NETS: Record<string, Layer> = {};
for (const [name, cell] of Object.entries(CELLS)) {
  for (const [stack, options] of Object.entries(STACKS)) {
    NETS[`${name}, ${stack}`] = recurrent(cell(), { input: I, hidden: H, ...options });
  }
  const both = recurrent(cell(), { input: 6, hidden: H, bidirectional: true, merge: "sum" });
  NETS[`${name}, one-hot`] = sequential({ input: oneHot(6), rnn: both });
  NETS[`${name}, embedded`] = sequential({ input: embedding(11, 6), rnn: both });
}

for (const [name, net] of Object.entries(NETS)) {
  const data = draw(net, SHAPE, 1), values = net.input.kind === "values";

  Deno.test(`${name}: a row in a batch == the row alone, of its own length`, async () => {
    using session = await exact(net, PLAN);
    for (const lengths of LENGTHS) {
      const batch = pass(session, data, B, { lengths });
      const sums: Record<string, Float64Array> = {};
      for (const row of range(B)) {
        const length = lengths[row], what = `lengths ${lengths}, row ${row}`;
        const alone = pass(session, shortRow(data, SHAPE, row, length), 1);
        const want = resultRows(alone, { T: length, B: 1 }, [0]);
        assertSame(shortResult(batch, SHAPE, row, length, what), want, what);
        // Rows of zeros add nothing to a chain: a batch of one has the bits of the shorter sequence in every gradient.
        const padded = pass(session, dataRows(data, SHAPE, [row]), 1, { lengths: [length] });
        assertSame(gradientsOf(padded), gradientsOf(alone), `${what}, padded`);
        addTo(sums, gradientsOf(alone));
      }
      // The batch adds the same products in another order.
      const bound = walk(2 * cellRoundings({ ...SHAPE, I: 2 * H, H }));
      for (const [tensor, sum] of Object.entries(sums)) {
        const error = distance(batch[tensor], sum) / size(sum);
        assert(error <= bound, `lengths ${lengths}: ${tensor} is off the rows' sum by ${error}, allowed is ${bound}`);
      }
    }
  });

  Deno.test(`${name}: padding changes nothing`, async () => {
    using session = await exact(net, PLAN);
    for (const lengths of LENGTHS) {
      const clean = pass(session, paddedData(data, SHAPE, lengths, 0, 0), B, { lengths });
      // The next call would read numbers that padding leaves in memory.
      pass(session, { ...data, x: values ? data.x.map(() => NaN) : data.x, dOutput: data.dOutput.map(() => NaN) }, B);
      for (const garbage of [NaN, -1, 1e9]) {
        const got = pass(session, paddedData(data, SHAPE, lengths, garbage, garbage), B, { lengths });
        assertSame(got, clean, `${garbage} behind ${lengths}`);
      }
    }
  });

  Deno.test(`${name}: rows in any order give the same rows, and the same parameters' gradients`, async () => {
    using session = await exact(net, PLAN);
    for (const lengths of LENGTHS) {
      const want = pass(session, data, B, { lengths });
      for (const seed of range(3)) {
        const order = range(B);
        new Generator(seed).shuffle(order);
        const got = pass(session, dataRows(data, SHAPE, order), B, { lengths: order.map((row) => lengths[row]) });
        const rows = resultRows(want, SHAPE, order);
        assertSame({ ...rows, ...gradientsOf(got) }, { ...rows, ...gradientsOf(want) }, `order ${order}`);
        assertSame(resultRows(got, SHAPE, range(B)), rows, `order ${order}`);
      }
    }
  });

  Deno.test(`${name}: lengths that are all T == no lengths`, async () => {
    using session = await exact(net, PLAN);
    const want = pass(session, data, B);
    assertSame(pass(session, data, B, { lengths: new Int32Array(B).fill(T) }), want, "all T");
  });

  Deno.test(`${name}: the states after a call with lengths are carried by the caller's rows`, async () => {
    using session = await exact(net, PLAN);
    const [first, second] = LENGTHS, calls = [{}, { lengths: first }, { lengths: second }, {}, { lengths: first }];
    for (const [i, next] of calls.slice(1).entries()) {
      const last = { ...calls[i], states: data.states };
      session.forward(data.x, last);
      const want = session.forward(data.x, { ...next, states: session.states() }), states = session.states();
      session.forward(data.x, last);
      assertEquals(session.forward(data.x, { ...next, states: "carry" }), want);
      assertSame(session.states(), states, "last states");
    }
  });

  Deno.test(`${name}: batch-first == time-major, transposed`, async () => {
    using session = await exact(net, PLAN);
    using other = await exact(net, { ...PLAN, batchFirst: true });
    const turned: Data = { ...data, x: transposed(data.x, T, B), dOutput: transposed(data.dOutput, T, B) };
    for (const lengths of [undefined, ...LENGTHS]) {
      const got = pass(other, turned, B, { lengths });
      const back = Object.fromEntries(
        ["output", "dx"].filter((tensor) => got[tensor]).map((tensor) => {
          return [tensor, transposed(got[tensor], B, T)];
        }),
      );
      assertSame({ ...got, ...back }, pass(session, data, B, { lengths }), `lengths ${lengths}`);
    }
  });
}

Deno.test("the last states are those of a row's last step; in the reverse direction, of its first step", async () => {
  using session = await exact(recurrent(lstm(), { input: I, hidden: H, bidirectional: true }), PLAN);
  const [lengths] = LENGTHS, data = draw(recurrent(lstm(), { input: I, hidden: H }), SHAPE, 2);
  const output = session.forward(data.x, { lengths }), { h_l0: ahead, h_l0_reverse: back } = session.states();
  const at = (t: number, row: number, from: number) => output.subarray((t * B + row) * 2 * H + from).subarray(0, H);
  for (const row of range(B)) {
    assertEquals(ahead.subarray(row * H, (row + 1) * H), at(lengths[row] - 1, row, 0));
    assertEquals(back.subarray(row * H, (row + 1) * H), at(0, row, H));
  }
});

Deno.test("wrong lengths are refused, and change nothing", async () => {
  using session = await exact(NETS["lstm, bidirectional"], PLAN);
  const data = draw(NETS["lstm, bidirectional"], SHAPE, 5);
  session.forward(data.x, { lengths: LENGTHS[0] });
  const states = session.states();
  for (const lengths of [[1, 1, 1, 1], [1, 1, 1, 1, 1, 1], []]) {
    assertThrows(() => session.forward(data.x, { lengths }), ShapeError, '"lengths" must have 5 elements');
  }
  for (const length of [0, -1, T + 1, 1.5, NaN]) {
    const lengths = [1, 2, length, 4, 5];
    assertThrows(() => session.forward(data.x, { lengths }), OptionError, `from 1 to ${T}, got ${length} at 2`);
  }
  assertSame(session.states(), states, "states");
  session.backward(data.dOutput); // of the call before
});

function gradientsOf(results: Results): Results {
  return Object.fromEntries(Object.entries(results).filter(([name]) => name.startsWith("gradient")));
}

function addTo(sums: Record<string, Float64Array>, results: Results): void {
  for (const [name, data] of Object.entries(results)) {
    const sum = sums[name] ??= new Float64Array(data.length);
    data.forEach((value, i) => sum[i] += value);
  }
}
