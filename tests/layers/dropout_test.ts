import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  adam,
  crossEntropy,
  dense,
  dropout,
  elman,
  embedding,
  type Layer,
  oneHot,
  OptionError,
  type PlanOptions,
  recurrent,
  type RecurrentOptions,
  sequential,
  type Session,
  ShapeError,
} from "../../mod.ts";
import { assertSame, draw, pass, range } from "../cells/trial.ts";
import { checkElements, trainer } from "../gradients/training_check.ts";
import { cellRoundings, distance, size, U, walk } from "../rounding.ts";
import { CELLS, exact } from "./cells.ts";
import { padded } from "./padding.ts";

const T = 6, B = 5, H = 9, V = 7, PLAN = { batch: B, steps: T };
const BOUND = walk(2 * cellRoundings({ T, B, I: H, H }));
const DROPOUTS: Record<string, Partial<RecurrentOptions>> = {
  "dropout": { dropout: 0.4 },
  "input dropout": { inputDropout: 0.4 },
  "recurrent dropout": { recurrentDropout: 0.4 },
};

Deno.test("a share of about the rate is dropped, the rest is scaled so that the mean stays", async () => {
  const width = 101, extent = { batch: 17, steps: 29 }, n = width * extent.batch * extent.steps;
  for (const rate of [0.05, 0.2, 0.5, 0.9]) {
    for (const variational of [false, true]) {
      using session = await exact(dropout(width, rate, { variational }), extent);
      const y = session.forward(new Float32Array(n).fill(1), { training: true });
      const kept = y.filter((value) => value !== 0), draws = variational ? n / extent.steps : n;
      assert(kept.every((value) => value === kept[0]), "two kinds of values");
      assert(Math.abs(kept[0] * (1 - rate) - 1) <= 4 * U, `rate ${rate}: kept are multiplied by ${kept[0]}`);
      // A binomial share is within five deviations of its mean in all but one of two million cases.
      const share = 1 - kept.length / n, deviation = Math.sqrt(rate * (1 - rate) / draws);
      assert(Math.abs(share - rate) < 5 * deviation, `rate ${rate}: a share of ${share} was dropped`);
    }
  }
});

Deno.test("the gradient goes through the same mask", async () => {
  for (const variational of [false, true]) {
    const net = dropout(H, 0.3, { variational }), { x, dOutput } = draw(net, { T, B }, 1);
    using session = await exact(net, PLAN);
    const ones = await maskOf(net), y = session.forward(x, { training: true }), { dx } = session.backward(dOutput);
    assertEquals(y, x.map((value, i) => value * ones[i]));
    assertEquals(dx, dOutput.map((value, i) => value * ones[i]));
    session.forward(x);
    assertEquals(session.backward(dOutput).dx, dOutput, "nothing is dropped, so nothing of the gradient");
  }
});

Deno.test("a variational mask is one for all steps, another one for each row; others differ from step to step", async () => {
  const differ = (mask: Float32Array, blocks: number) => {
    const block = (i: number) => mask.slice(i * mask.length / blocks, (i + 1) * mask.length / blocks).join();
    return new Set(range(blocks).map(block)).size;
  };
  const constant = await maskOf(dropout(64, 0.5, { variational: true })), changing = await maskOf(dropout(64, 0.5));
  assertEquals(differ(constant, T), 1);
  assertEquals(differ(constant.subarray(0, B * 64), B), B);
  assertEquals(differ(changing, T), T);
});

Deno.test("masks follow from the seed and the number of the training pass, nothing else", async () => {
  const net = sequential({ first: dropout(64, 0.5), second: dropout(64, 0.5) });
  const first = await maskOf(net);
  assertEquals(await maskOf(net), first);
  assertEquals(await maskOf(net, { batch: B + 3, steps: T + 2 }), first, "a larger plan");
  assertNotEquals(await maskOf(net, { seed: 1 }), first);
  assertNotEquals(await maskOf(net, { seed: 2 ** 32 }), first);

  using session = await exact(net, PLAN);
  const ones = new Float32Array(T * B * 64).fill(1),
    passes = range(4).map(() => session.forward(ones, { training: true }));
  assertEquals(passes[0], first);
  assertEquals(new Set(passes.map((mask) => mask.join())).size, 4, "another mask for each pass");
  // Passes that drop nothing do not count.
  using other = await exact(net, PLAN);
  for (const mask of passes) {
    assertEquals(other.forward(ones), ones);
    assertEquals(other.forward(ones, { training: true }), mask);
    other.stream().step(ones.subarray(0, 64));
  }
});

Deno.test("two layers of one net have masks of their own", async () => {
  const both = await maskOf(sequential({ a: dropout(512, 0.5), b: dropout(512, 0.5) }));
  const share = both.filter((value) => value !== 0).length / both.length;
  assert(Math.abs(share - 0.25) < 0.03, `${share} of the values got through two masks, expected a quarter`);
});

for (const [what, options] of Object.entries(DROPOUTS)) {
  for (const [name, cell] of Object.entries(CELLS)) {
    const rnn = (rates: Partial<RecurrentOptions>) => recurrent(cell(), { input: H, hidden: H, layers: 2, ...rates });

    Deno.test(`${name}, ${what}: nothing is dropped but in training`, async () => {
      const net = rnn(options), data = draw(net, { T, B }, 2);
      using session = await exact(net, PLAN);
      using plain = await exact(rnn({}), PLAN);
      for (const lengths of [undefined, [3, 6, 1, 2, 6]]) {
        const want = pass(plain, data, B, { lengths });
        const got = pass(session, data, B, { lengths });
        for (const [tensor, values] of Object.entries(want)) {
          if (/^(output|last)/.test(tensor)) assertEquals(got[tensor], values, tensor);
          // A mask of ones multiplies a sum of its own, where there would be one chain.
          else assert(distance(got[tensor], values) <= BOUND * size(values), `${tensor}, lengths ${lengths}`);
        }
        assertSame(pass(plain, data, B, { lengths, training: true }), want, "training without dropout");
        const dropped = pass(session, data, B, { lengths, training: true });
        assertNotEquals(dropped.output, want.output);
        if (!lengths) continue;
        for (const tensor of ["output", "dx"]) {
          assertEquals(dropped[tensor], padded(dropped[tensor], { T, B }, lengths, 0), `${tensor} behind the rows`);
        }
      }
      assertEquals(session.probabilities(data.x), plain.probabilities(data.x));
    });

    Deno.test(`${name}, ${what}: gradients against central differences`, () => {
      for (const bidirectional of [false, true]) {
        const layer = recurrent(cell(), {
          input: 4,
          hidden: [5, 4],
          bidirectional,
          initialStates: "learned",
          ...options,
        });
        const net = sequential({ input: embedding(V, 4), rnn: layer, decoder: dense(layer.output.width, V) });
        const x = draw(net, { T: 4, B: 3 }, 3).x, y = x.map((token) => (token + 1) % V);
        for (const lengths of [undefined, [2, 4, 1]]) {
          const training = trainer(net, { T: 4, B: 3 }, { x, y }, { lengths });
          for (const [tensor, error] of checkElements(training, training.parameters())) {
            // Written so that NaN, of a gradient that is zero everywhere, fails.
            assert(error <= U + 1e-7, `bidirectional ${bidirectional}, ${lengths}: ${tensor} is off by ${error}`);
          }
        }
      }
    });
  }
}

Deno.test("dropout is between layers; recurrent and input dropout have one mask for all steps of a layer", async () => {
  // The output is x times the mask: an identity from the input to the output, no state that matters.
  const between = { layers: 2, dropout: 0.5 }, ones = new Float32Array(T * B * H).fill(1);
  const run = async (options: Partial<RecurrentOptions>, weights: Record<string, number>, x = ones, h = 0) => {
    using session = await exact(
      recurrent(elman({ activation: "identity", bias: false }), { input: H, hidden: H, ...options }),
      PLAN,
    );
    setDiagonals(session, weights);
    const names = Object.keys(weights).filter((name) => name.startsWith("weight_hh"));
    const states = Object.fromEntries(
      names.map((name) => [name.replace("weight_hh", "h"), new Float32Array(B * H).fill(h)]),
    );
    return session.forward(x, { training: true, states });
  };
  const rows = (y: Float32Array) => range(T).map((t) => y.slice(t * B * H, (t + 1) * B * H));
  const through = { weight_ih_l0: 1, weight_hh_l0: 0 };
  assertEquals(await run({ dropout: 0.5 }, through), ones, "the last layer's output is not dropped");
  const dropped = await run(between, { ...through, weight_ih_l1: 1, weight_hh_l1: 0 });
  assertEquals(new Set(dropped), new Set([0, 2]));
  assertEquals(new Set(rows(dropped).map((row) => row.join())).size, T, "other masks at other steps");

  const input = await run({ inputDropout: 0.5 }, through);
  assertEquals(new Set(input), new Set([0, 2]));
  for (const row of rows(input)) assertEquals(row, input.slice(0, B * H), "the same mask at all steps");

  // No input, and h = h' times the mask: powers of two of one mask.
  const state = await run(
    { recurrentDropout: 0.5 },
    { weight_ih_l0: 1, weight_hh_l0: 1 },
    new Float32Array(T * B * H),
    1,
  );
  assertEquals(new Set(state.subarray(0, B * H)), new Set([0, 2]));
  rows(state).forEach((row, t) => assertEquals(row, state.slice(0, B * H).map((value) => value && 2 ** (t + 1))));
});

Deno.test("training with dropout is repeatable, and evaluation in between changes nothing", async () => {
  const rnn = recurrent(CELLS.lstm(), { input: 5, hidden: H, layers: 2, dropout: 0.3, recurrentDropout: 0.2 });
  const net = sequential({ input: embedding(V, 5), drop: dropout(5, 0.1), rnn, decoder: dense(H, V) });
  const options = { ...PLAN, loss: crossEntropy(), optimizer: adam(), seed: 3 };
  using session = await exact(net, options);
  using other = await exact(net, options);
  const { x } = draw(net, { T, B }, 4);
  for (let step = 0; step < 4; step++) {
    assertEquals(session.step({ x, y: x }), other.step({ x, y: x }));
    assertEquals(other.evaluate({ x, y: x }), other.evaluate({ x, y: x }));
  }
});

Deno.test("rates outside [0, 1) are refused, and one-hot rows, which are nowhere in memory", async () => {
  for (const rate of [-0.1, 1, NaN]) {
    assertThrows(() => dropout(3, rate), OptionError, '"rate"');
    for (const name of ["dropout", "inputDropout", "recurrentDropout"]) {
      assertThrows(() => recurrent(elman(), { input: 3, hidden: 3, [name]: rate }), OptionError, `"${name}"`);
    }
  }
  const nets: Layer[] = [
    sequential({ input: oneHot(V), drop: dropout(V, 0.5) }),
    sequential({ input: oneHot(V), rnn: recurrent(elman(), { input: V, hidden: H, inputDropout: 0.5 }) }),
  ];
  for (const net of nets) {
    let error: unknown;
    await exact(net, PLAN).catch((caught) => error = caught);
    assert(error instanceof ShapeError && error.message.includes("one-hot"), String(error));
  }
});

/** What a net of dropout layers makes of ones in its first training pass. */
async function maskOf(net: Layer, options: Partial<PlanOptions> = {}): Promise<Float32Array> {
  using session = await exact(net, { ...PLAN, ...options });
  return session.forward(new Float32Array(T * B * net.input.width).fill(1), { batch: B, training: true });
}

/** Every parameter becomes a multiple of the identity. */
function setDiagonals(session: Session, factors: Record<string, number>): void {
  session.setParameters(
    new Map([...session.parameters()].map(([name, { shape, data }]) => {
      return [name, { shape, data: data.map((_, i) => i % (H + 1) ? 0 : factors[name]) }];
    })),
  );
}
