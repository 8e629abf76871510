/**
 * The tests of every recurrent cell.
 *
 * In the exact build each number is one chain of roundings, whose order does not depend on other numbers, so nearly all
 * tests expect the same bits. They run with one layer, two layers, and one-hot input, and with sizes of every kind of
 * remainder: columns of 1, below and past a tile of 8 (I, and H times the gates); rows below and past a tile of 5 or 6
 * (B); strides below and past 64.
 */
import { assert } from "@std/assert";
import {
  type Cell,
  compile,
  type Layer,
  oneHot,
  recurrent,
  sequential,
  type Session,
  type States,
} from "../../../mod.ts";
import { compileReference } from "../compile_reference.ts";
import { Generator } from "../../../src/random/generator.ts";
import { assertSame, type Data, dataRows, draw, forward, pass, range, resultRows, type Shape, steps } from "./trial.ts";
import { paddedData } from "../layers/padding.ts";
import { cellRoundings, distance, size, walk } from "../rounding.ts";

interface Sizes extends Shape {
  readonly I: number;
  readonly H: number;
}

const SIZES: readonly Sizes[] = [
  { I: 1, H: 1, B: 1, T: 1 },
  { I: 5, H: 3, B: 5, T: 2 },
  { I: 65, H: 7, B: 1, T: 9 },
  { I: 1, H: 7, B: 5, T: 9 },
  { I: 5, H: 33, B: 17, T: 2 },
  { I: 65, H: 33, B: 17, T: 9 },
];

type Net = (sizes: Sizes) => Layer;

/**
 * Registers all tests of a cell.
 *
 * @param amplification Factor of the error bound, for a cell that divides by small numbers.
 */
export function conformance(name: string, cell: () => Cell, amplification = 1): void {
  const plain = (layers: number): Net => ({ I, H }) => recurrent(cell(), { input: I, hidden: H, layers });
  const tokens = (layers: number): Net => (sizes) => sequential({ input: oneHot(sizes.I), rnn: plain(layers)(sizes) });
  const nets = { "": plain(1), ", two layers": plain(2), ", one-hot": tokens(1) };
  for (const [suffix, net] of Object.entries(nets)) {
    for (const [claim, check] of Object.entries(CLAIMS)) {
      Deno.test(`${name}${suffix}: ${claim}`, async () => {
        for (const sizes of SIZES) await check(net(sizes), sizes, JSON.stringify(sizes), amplification);
      });
    }
  }
  for (const layers of [1, 2]) {
    Deno.test(`${name}, layers ${layers}: one-hot tokens == the same rows as values`, async () => {
      for (const sizes of SIZES) {
        await oneHotIsDense(tokens(layers)(sizes), plain(layers)(sizes), sizes, JSON.stringify(sizes));
      }
    });
  }
}

const CLAIMS: Record<string, (net: Layer, sizes: Sizes, label: string, amplification: number) => Promise<void>> = {
  "whole == two chunks, at every split point": async (net, { T, B }, label) => {
    const { x, states } = draw(net, { T, B }, 1), other = draw(net, { T, B }, 2);
    for (const train of [true, false]) {
      using session = await exact(net, { T, B }, train);
      const whole = forward(session, { x, states }, B);
      for (let t = 1; t < T; t++) {
        const first = session.forward(steps(x, T, 0, t), { states });
        const between = session.states();
        const carried = session.forward(steps(x, T, t, T), { states: "carry" });
        const what = `${label}, train ${train}, split at ${t}`;
        assertSame(chunks(session, first, carried), whole, `${what}, carried`);
        session.forward(other.x, { states: other.states });
        const given = session.forward(steps(x, T, t, T), { states: between });
        assertSame(chunks(session, first, given), whole, `${what}, given`);
      }
    }
  },

  "whole == step by step": async (net, { T, B }, label) => {
    const { x, states } = draw(net, { T, B }, 3);
    using session = await exact(net, { T, B }, true);
    using stream = await exact(net, { T: 1, B }, false);
    const outputs = range(T).map((t) => stream.forward(steps(x, T, t, t + 1), { states: t ? "carry" : states }));
    assertSame(chunks(stream, ...outputs), forward(session, { x, states }, B), label);
  },

  "a batch of B == B runs of one": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 4);
    using session = await exact(net, { T, B }, true);
    const batch = pass(session, data, B);
    for (const row of range(B)) {
      const alone = pass(session, dataRows(data, { T, B }, [row]), 1);
      assertSame(resultRows(alone, { T, B: 1 }, [0]), resultRows(batch, { T, B }, [row]), `${label}, row ${row}`);
    }
  },

  "rows in another order == the same rows": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 5), order = range(B);
    new Generator(6).shuffle(order);
    using session = await exact(net, { T, B }, true);
    const batch = resultRows(pass(session, data, B), { T, B }, order);
    const shuffled = pass(session, dataRows(data, { T, B }, order), B);
    assertSame(resultRows(shuffled, { T, B }, range(B)), batch, label);
  },

  "a row of NaN does not change the other rows": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 7);
    using session = await exact(net, { T, B }, true);
    const clean = pass(session, data, B);
    for (const row of new Set([0, B >> 1, B - 1])) {
      const results = pass(session, poisoned(net, data, { T, B }, row), B);
      const others = range(B).filter((other) => other !== row), what = `${label}, row ${row}`;
      if (others.length) {
        assertSame(resultRows(results, { T, B }, others), resultRows(clean, { T, B }, others), what);
      }
      const { output } = resultRows(results, { T, B }, [row]);
      assert(output.every(Number.isNaN), `${what}: a number came out of NaN`);
    }
  },

  "padding changes nothing": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 18), random = new Generator(19), values = net.input.kind === "values";
    const lengths = range(B).map(() => 1 + random.integer(T));
    using session = await exact(net, { T, B }, true);
    const clean = pass(session, paddedData(data, { T, B }, lengths, 0, 0), B, { lengths });
    // This call leaves NaN in memory for the next call.
    pass(session, { ...data, x: values ? data.x.map(() => NaN) : data.x, dOutput: data.dOutput.map(() => NaN) }, B);
    const got = pass(session, paddedData(data, { T, B }, lengths, NaN, NaN), B, { lengths });
    assertSame(got, clean, `${label}, lengths ${lengths}`);
  },

  "a small call in a large plan == in a plan of its size": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 8), larger = { T: T + 2, B: B + 3 };
    using fit = await exact(net, { T, B }, true);
    using large = await exact(net, larger, true);
    pass(large, draw(net, larger, 9), larger.B); // leaves other numbers in all slots
    assertSame(pass(large, data, B), pass(fit, data, B), label);
  },

  "a second run == the first": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 10);
    using session = await exact(net, { T, B }, true);
    const once = pass(session, data, B);
    assertSame(pass(session, data, B), once, `${label}, the same session`);
    pass(session, draw(net, { T, B }, 11), B);
    assertSame(pass(session, data, B), once, `${label}, after other data`);
    using again = await exact(net, { T, B }, true);
    assertSame(pass(again, data, B), once, `${label}, another session`);
  },

  "the plan without training == the plan with training": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 12);
    using training = await exact(net, { T, B }, true);
    using inference = await exact(net, { T, B }, false);
    assertSame(forward(inference, data, B), forward(training, data, B), label);
  },

  "the exact build == the scalar reference": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 13);
    using session = await exact(net, { T, B }, true);
    using reference = compileReference(net, { batch: B, steps: T, train: true }, "f32");
    assertSame(pass(session, data, B), pass(reference, data, B), label);
  },

  "zero gradients in, zero gradients out": async (net, { T, B }, label) => {
    const data = draw(net, { T, B }, 14), zeros = new Float32Array(data.dOutput.length);
    using session = await exact(net, { T, B }, true);
    pass(session, data, B); // leaves gradients to be cleared
    const results = pass(session, { ...data, dOutput: zeros, dStates: {} }, B);
    for (const [name, result] of Object.entries(results)) {
      if (!/^(d|gradient)/.test(name)) continue;
      assert(result.every((value) => value === 0), `${label}: ${name} is not zero`);
    }
  },

  "both builds are near the f64 reference": async (net, sizes, label, amplification) => {
    const { T, B } = sizes, data = draw(net, sizes, 15), bound = amplification * walk(cellRoundings(sizes));
    using first = await exact(net, sizes, true);
    using truth = compileReference(net, { batch: B, steps: T, train: true }, "f64");
    truth.setParameters(first.parameters());
    const want = pass(truth, data, B);
    for (const numerics of ["exact", "fast"] as const) {
      using session = await compile(net, { batch: B, steps: T, train: true, numerics });
      const got = pass(session, data, B);
      for (const name in want) {
        // Input, states and incoming gradients have size 1, so errors of results near 0 are relative to 1.
        const error = distance(got[name], want[name]) / Math.max(1, size(want[name]));
        assert(error <= bound, `${label}, ${numerics}: ${name} is off by ${error}, allowed is ${bound}`);
      }
    }
  },
};

/** The exact build, in a plan of exactly this shape. */
function exact(net: Layer, { T, B }: Shape, train: boolean): Promise<Session> {
  return compile(net, { batch: B, steps: T, train, numerics: "exact" });
}

/** The outputs of consecutive calls as one tensor, and the states after the last call. */
function chunks(session: Session, ...outputs: readonly Float32Array[]): Record<string, Float32Array> {
  const output = Float32Array.from(outputs.flatMap((chunk) => [...chunk]));
  const last = Object.entries(session.states()).map(([name, data]) => [`last ${name}`, data]);
  return { output, ...Object.fromEntries(last) };
}

/** Data with NaN for all inputs of one row. A token cannot be NaN, a state can. */
function poisoned(net: Layer, data: Data, { T, B }: Shape, row: number): Data {
  const poison = (tensor: Float32Array, blocks: number): Float32Array => {
    const width = tensor.length / (blocks * B);
    return tensor.map((value, i) => Math.floor(i / width) % B === row ? NaN : value);
  };
  const states: States = {};
  for (const [name, state] of Object.entries(data.states)) states[name] = poison(state, 1);
  return { ...data, x: net.input.kind === "values" ? poison(data.x, T) : data.x, states };
}

async function oneHotIsDense(tokens: Layer, values: Layer, { I, T, B }: Sizes, label: string): Promise<void> {
  const data = draw(values, { T, B }, 16);
  const random = new Generator(17), x = Float32Array.from({ length: T * B }, () => random.integer(I));
  const rows = Float32Array.from({ length: T * B * I }, (_, i) => x[Math.floor(i / I)] === i % I ? 1 : 0);
  const inNet = (states: States): States =>
    Object.fromEntries(Object.entries(states).map(([name, state]) => [`rnn.${name}`, state]));
  using net = await exact(tokens, { T, B }, true);
  using layer = await exact(values, { T, B }, true);
  layer.setParameters(new Map([...net.parameters()].map(([name, tensor]) => [name.slice("rnn.".length), tensor])));

  const { dx: _, ...want } = pass(layer, { ...data, x: rows }, B);
  const got = pass(net, { ...data, x, states: inNet(data.states), dStates: inNet(data.dStates) }, B);
  const unprefixed = Object.fromEntries(
    Object.entries(got).map(([name, result]) => [name.replace("rnn.", ""), result]),
  );
  assertSame(unprefixed, want, label);
}
