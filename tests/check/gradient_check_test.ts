import { assert, assertEquals, assertRejects } from "@std/assert";
import { gradientCheck, type GradientCheckOptions } from "../../check.ts";
import {
  crossEntropy,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { activation, layerNorm } from "../../layers.ts";
import { GradientCheck } from "../../src/check/findings.ts";
import { assertRight } from "../support/gradients/assert_right.ts";

const BUILDS = 1e-5;
const NETS: Record<string, { net: Layer; tensors: readonly string[] }> = {
  values: {
    net: sequential({ rnn: recurrent(gru({ bias: false }), { input: 3, hidden: 4 }), decoder: dense(4, 5) }),
    tensors: [
      "rnn.weight_ih_l0",
      "rnn.weight_hh_l0",
      "decoder.weight",
      "decoder.bias",
      "input x",
      "state rnn.h_l0",
    ],
  },
  tokens: {
    net: sequential({ input: embedding(5, 3), rnn: recurrent(lstm({ bias: false }), { input: 3, hidden: 4 }) }),
    tensors: ["input.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0", "state rnn.h_l0", "state rnn.c_l0"],
  },
  "one-hot": {
    net: sequential({
      input: oneHot(5),
      rnn: recurrent(gru({ bias: false }), { input: 5, hidden: 4, initialStates: "learned" }),
    }),
    tensors: ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.initial_h_l0"],
  },
};

for (const [kind, { net, tensors }] of Object.entries(NETS)) {
  Deno.test(`${kind}: all gradients are checked and right`, async () => {
    for (const lengths of [undefined, [4, 1, 3], [1, 1, 1]]) {
      for (const loss of [undefined, crossEntropy()]) {
        const check = await gradientCheck(net, { lengths, loss });
        assertEquals(check.findings.map(({ tensor }) => tensor), tensors);
        // With all lengths 1 only the first tokens are looked up, but every gradient has elements other than 0.
        assertRight(check, BUILDS, `lengths ${lengths}`);
      }
    }
  });
}

Deno.test("padding does not count, though a dense layer writes its bias there", async () => {
  const net = dense(3, 2), x = Float64Array.from({ length: 4 * 3 * 3 }, (_, i) => i % 7 - 3);
  const lengths = [2, 4, 1], alone = await gradientCheck(net, { x, lengths });
  assertRight(alone, BUILDS);
  const other = x.map((value, i) => Math.floor(i / 9) < lengths[Math.floor(i / 3) % 3] ? value : NaN);
  assertEquals(String(await gradientCheck(net, { x: other, lengths })), String(alone));
});

Deno.test("nets with two output sequences, and with one row for a sequence, are checked", async () => {
  for (const merge of ["concat", "none"] as const) {
    for (const output of ["sequence", "last"] as const) {
      const rnn = recurrent(gru(), { input: 3, hidden: 4, bidirectional: true, merge, output });
      for (const lengths of [undefined, [2, 4, 1]]) assertRight(await gradientCheck(rnn, { lengths }), BUILDS, merge);
      if (merge === "none") continue;
      const check = await gradientCheck(sequential({ rnn, decoder: dense(8, 5) }), { loss: crossEntropy() });
      assertRight(check, BUILDS, `cross-entropy, ${output}`);
    }
  }
});

Deno.test("dropout drops the same elements in every pass", async () => {
  const net = (rate: number) =>
    sequential({
      rnn: recurrent(gru(), { input: 6, hidden: 6, inputDropout: rate, recurrentDropout: rate }),
      dropout: dropout(6, rate),
      decoder: dense(6, 3),
    });
  const check = await gradientCheck(net(0.5)), plain = await gradientCheck(net(0));
  assert(check.ok, String(check));
  check.findings.forEach(({ tensor, largest }, i) => {
    if (tensor !== "decoder.bias") assert(largest !== plain.findings[i].largest, tensor);
  });
});

Deno.test("a seed decides the result; the data of the options are used", async () => {
  const { net } = NETS.tokens, x = [0, 1, 2, 3, 4, 4], y = [3, 2, 1, 0, 1, 2];
  const run = (options: GradientCheckOptions) => gradientCheck(net, options).then(String);
  assertEquals(await run({}), await run({ seed: 0 }));
  const texts = [{}, { seed: 1 }, { x }, { batch: 2 }, { steps: 3 }, { batch: 2, x }, { loss: crossEntropy() }];
  const results = [...texts, { x, loss: crossEntropy() }, { x, y, loss: crossEntropy() }].map(run);
  assertEquals(new Set(await Promise.all(results)).size, results.length);
});

const FINDING = { tensor: "w", elements: 6, tried: 6, largest: 2, differences: 1e-9, exact: 1e-7, fast: 2e-7 };

Deno.test("a finding is right when all of its errors are small", () => {
  const ok = (errors: Partial<typeof FINDING>) => {
    const check = new GradientCheck([FINDING, { ...FINDING, ...errors }]);
    assertEquals(check.ok, check.findings[1].ok);
    return check.ok;
  };
  assert(ok({}) && ok({ differences: 1e-6, exact: 1e-4, fast: 1e-4 }));
  for (const wrong of [2e-4, NaN, Infinity]) {
    for (const name of ["differences", "exact", "fast"]) assert(!ok({ [name]: wrong }), `${name} ${wrong}`);
  }
});

Deno.test("the text is a table and the verdict", () => {
  const bias = { tensor: "bias_l0", elements: 1234, tried: 40, largest: 0.123456, differences: 1, exact: NaN, fast: 0 };
  assertEquals(
    String(new GradientCheck([FINDING, bias])),
    `tensor     tried  largest  differences   exact    fast
w            6/6     2.00       1.0e-9  1.0e-7  2.0e-7
bias_l0  40/1234    0.123       1.0e+0     NaN  0.0e+0  wrong
wrong: bias_l0`,
  );
  assertEquals(
    String(new GradientCheck([FINDING])).split("\n")[2],
    "right: within 1e-6 of the differences, the builds within 1e-4 of the f64 gradients",
  );
});

/** Calls with wrong options, and their error messages. */
const BAD: Record<
  string,
  { options: GradientCheckOptions; type: typeof OptionError | typeof ShapeError; says: string }
> = {
  "batch 0": { options: { batch: 0 }, type: OptionError, says: '"batch"' },
  "steps 1.5": { options: { steps: 1.5 }, type: OptionError, says: '"steps"' },
  "a negative seed": { options: { seed: -1 }, type: OptionError, says: '"seed"' },
  "a length of 0": { options: { lengths: [4, 0, 1] }, type: OptionError, says: '"lengths"' },
  "two lengths": { options: { lengths: [4, 1] }, type: ShapeError, says: '"lengths"' },
  "x in between": { options: { x: [1, 2, 3, 4] }, type: ShapeError, says: '"x" must have shape [T, 3]' },
  "no x": { options: { x: [] }, type: ShapeError, says: '"x"' },
  "a token beyond": { options: { x: [0, 1, 5] }, type: OptionError, says: '"x"' },
  "y without loss": { options: { y: [0, 1, 2] }, type: OptionError, says: '"loss"' },
  "too few y": { options: { y: [0, 1, 2], loss: crossEntropy() }, type: ShapeError, says: '"y"' },
  "a class beyond": { options: { x: [0, 1, 2], y: [0, 1, 9], loss: crossEntropy() }, type: OptionError, says: '"y"' },
  "no y that counts": {
    options: { x: [0, 1, 2], y: [-100, -100, -100], loss: crossEntropy() },
    type: OptionError,
    says: '"y"',
  },
};
for (const [what, { options, type, says }] of Object.entries(BAD)) {
  Deno.test(`${what} is refused`, async () => {
    await assertRejects(() => gradientCheck(NETS.tokens.net, options), type, says);
  });
}

Deno.test("when all gradients are zero, nothing is divided by zero", async () => {
  // Below its threshold the nonlinearity is 0 with slope 0.
  const check = await gradientCheck(activation("thresholdedRelu", 2, { alpha: 5 }));
  assert(check.ok);
  for (const { largest, differences, exact, fast } of check.findings) {
    assertEquals([largest, differences, exact, fast], [0, 0, 0, 0]);
  }
});

Deno.test("errors of a gradient far below the others are not relative to its size", async () => {
  // The normalised row hardly depends on the size of x = 1000: its gradient is a difference of large terms.
  const net = sequential({ first: dense(1, 3), norm: layerNorm(3), decoder: dense(3, 2) });
  const check = await gradientCheck(net, { x: new Float32Array(12).fill(1000) });
  assert(check.ok, String(check));
  assert(check.findings.at(-1)!.largest < 1e-5, String(check));
});
