/** Dropout between the layers of a recurrent net, of their inputs, and of their states. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import {
  crossEntropy,
  dense,
  elman,
  embedding,
  recurrent,
  type RecurrentOptions,
  sequential,
  type Session,
} from "../../mod.ts";
import { assertSame, draw, pass, range } from "../support/cells/trial.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { cellRoundings, distance, size, walk } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";
import { padded } from "../support/layers/padding.ts";

const T = 6, B = 5, H = 9, V = 7, PLAN = { batch: B, steps: T };
const BOUND = walk(2 * cellRoundings({ T, B, I: H, H }));
const DROPOUTS: Record<string, Partial<RecurrentOptions>> = {
  "dropout": { dropout: 0.4 },
  "input dropout": { inputDropout: 0.4 },
  "recurrent dropout": { recurrentDropout: 0.4 },
};

for (const [what, options] of Object.entries(DROPOUTS)) {
  for (const [name, cell] of Object.entries(CELLS)) {
    const rnn = (rates: Partial<RecurrentOptions>) => recurrent(cell(), { input: H, hidden: H, layers: 2, ...rates });

    Deno.test(`${name}, ${what}: dropout drops in training only`, async () => {
      const net = rnn(options), data = draw(net, { T, B }, 2);
      using session = await exact(net, PLAN);
      using plain = await exact(rnn({}), PLAN);
      for (const lengths of [undefined, [3, 6, 1, 2, 6]]) {
        const want = pass(plain, data, B, { lengths });
        const got = pass(session, data, B, { lengths });
        for (const [tensor, values] of Object.entries(want)) {
          if (/^(output|last)/.test(tensor)) assertEquals(got[tensor], values, tensor);
          // With a mask of ones, the matmul is a separate sum instead of a part of one chain.
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

    Deno.test(`${name}, ${what}: gradients against central differences`, async () => {
      for (const bidirectional of [false, true]) {
        const layer = recurrent(cell(), {
          input: 4,
          hidden: [5, 4],
          bidirectional,
          initialStates: "learned",
          ...options,
        });
        const net = sequential({ input: embedding(V, 4), rnn: layer, decoder: dense(layer.output.width, V) });
        for (const lengths of [undefined, [2, 4, 1]]) {
          const check = await gradientCheck(net, { loss: crossEntropy(), lengths });
          assertRight(check, BOUND, `bidirectional ${bidirectional}, ${lengths}`);
        }
      }
    });
  }
}

Deno.test("dropout acts between layers; recurrent and input dropout have one mask for all steps", async () => {
  // The output is x times the mask: an identity from input to output, without influence of the state.
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

  // Without input, h = h' times the mask: powers of two of one mask.
  const state = await run(
    { recurrentDropout: 0.5 },
    { weight_ih_l0: 1, weight_hh_l0: 1 },
    new Float32Array(T * B * H),
    1,
  );
  assertEquals(new Set(state.subarray(0, B * H)), new Set([0, 2]));
  rows(state).forEach((row, t) => assertEquals(row, state.slice(0, B * H).map((value) => value && 2 ** (t + 1))));
});

/** Sets every parameter to a multiple of the identity. */
function setDiagonals(session: Session, factors: Record<string, number>): void {
  session.setParameters(
    new Map([...session.parameters()].map(([name, { shape, data }]) => {
      return [name, { shape, data: data.map((_, i) => i % (H + 1) ? 0 : factors[name]) }];
    })),
  );
}
