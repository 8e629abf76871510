/**
 * Partitioned among threads, in any order that the barriers allow, every result has the bits of a one-thread session.
 */
import { assert, assertEquals } from "@std/assert";
import {
  adagrad,
  adam,
  binaryCrossEntropy,
  type Cell,
  clipNorm,
  clipValue,
  compile,
  crossEntropy,
  dense,
  dropout,
  elman,
  embedding,
  gru,
  type Layer,
  type Loss,
  lstm,
  oneHot,
  type PlanOptions,
  recurrent,
  rmsprop,
  sequential,
  type Session,
  sgd,
  squaredError,
} from "../../mod.ts";
import { activation, attentionPool, layerNorm, pool, residual } from "../../layers.ts";
import { ctc } from "../../losses.ts";
import { layerNormLstm, minimalGatedUnit } from "../../examples/custom_cell.ts";
import { Generator } from "../../src/random/generator.ts";
import { VARIANTS } from "../support/cells/variants.ts";
import { assertSame, draw, pass, type PassOptions, type Results } from "../support/cells/trial.ts";
import { CELLS } from "../support/layers/cells.ts";
import { interleaved, type Order } from "../support/threads/interleaved.ts";
import { stepsBack } from "../support/threads/steps_back.ts";

const T = 4, B = 5, PLAN = { batch: B, steps: T, train: true, seed: 3 };
const LENGTHS = [2, 4, 1, 4, 3];
const WAYS: readonly { threads: number; order: Order }[] = [
  { threads: 2, order: "first" },
  { threads: 2, order: "last" },
  { threads: 3, order: 1 },
  { threads: 4, order: "last" },
  { threads: 7, order: 2 },
];

const I = 6, H = 9;
const ALL_CELLS: Record<string, () => Cell> = { ...CELLS, ...VARIANTS, minimalGatedUnit, layerNormLstm };

const NETS: Record<string, () => Layer> = {
  ...Object.fromEntries(
    Object.entries(ALL_CELLS).map(([name, cell]) => [name, () => recurrent(cell(), { input: I, hidden: [H, 4] })]),
  ),
  "both directions": () => recurrent(gru(), { input: I, hidden: 5, layers: 2, bidirectional: true }),
  ...Object.fromEntries((["sum", "average", "multiply", "none"] as const).map((merge) => [
    `both directions, ${merge}`,
    () => recurrent(lstm(), { input: I, hidden: 5, bidirectional: true, merge }),
  ])),
  "last output": () => recurrent(elman(), { input: I, hidden: 5, output: "last", bidirectional: true }),
  "dropout everywhere": () =>
    recurrent(lstm(), { input: I, hidden: 5, layers: 2, dropout: 0.5, inputDropout: 0.3, recurrentDropout: 0.4 }),
  "learned states": () => recurrent(lstm(), { input: I, hidden: 5, initialStates: "learned" }),
  "layers that see rows": () =>
    sequential({
      norm: layerNorm(I),
      softplus: activation("softplus", I),
      residual: residual(recurrent(gru(), { input: I, hidden: I })),
      norm2: layerNorm(I),
      dropout: dropout(I, 0.5),
      once: dropout(I, 0.5, { variational: true }),
      dense: dense(I, 40),
    }),
  "tokens": () => sequential({ embedding: embedding(11, 35), rnn: recurrent(lstm(), { input: 35, hidden: 20 }) }),
  "one-hot tokens, both directions": () =>
    sequential({ input: oneHot(11), rnn: recurrent(gru(), { input: 11, hidden: 5, bidirectional: true }) }),
  ...Object.fromEntries((["mean", "max"] as const).map((how) => [
    `pooled, ${how}`,
    () => sequential({ rnn: recurrent(gru(), { input: I, hidden: 5 }), pool: pool(5, how), dense: dense(5, 3) }),
  ])),
  "pooled by attention": () =>
    sequential({ rnn: recurrent(gru(), { input: I, hidden: 5 }), pool: attentionPool(5), dense: dense(5, 3) }),
  "rows of other steps": () =>
    sequential({ a: stepsBack(I), rnn: recurrent(elman(), { input: I, hidden: I }), b: stepsBack(I) }),
};

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`${name}: threads in any order give the bits of one thread`, async () => {
    const calls: { T: number; B: number; options: PassOptions }[] = [
      { T, B, options: {} },
      { T, B, options: { training: true } },
      { T, B, options: { lengths: LENGTHS, training: true } },
      { T: 1, B, options: {} },
      { T: 3, B: 2, options: {} },
      { T, B: 1, options: { training: true } },
    ];
    const takesLengths = name !== "rows of other steps";
    const run = (session: Session) =>
      calls.filter(({ options }) => takesLengths || !options.lengths).map(({ T, B, options }, i) =>
        pass(session, draw(net(), { T, B }, i), B, options)
      );
    using plain = await compile(net(), { ...PLAN, numerics: "exact" });
    const want = run(plain);
    for (const way of WAYS) {
      const { session, work } = await interleaved(net(), PLAN, way);
      run(session).forEach((got, i) => assertSame(got, want[i], `${way.threads} threads, ${way.order}, call ${i}`));
      assert(work.calls[1] > 0, "the second thread has calls");
    }
  });
}

Deno.test("inference, streams, probabilities and losses have the bits of one thread", async () => {
  const net = () =>
    sequential({
      embedding: embedding(11, 8),
      rnn: recurrent(lstm(), { input: 8, hidden: [9, 7] }),
      out: dense(7, 11),
    });
  const options = { batch: B, steps: T, loss: crossEntropy({ labelSmoothing: 0.1 }) };
  const random = new Generator(1), tokens = () => Int32Array.from({ length: T * B }, () => random.integer(11));
  const x = tokens(), y = tokens();
  function run(session: Session): Results {
    const stream = session.stream({ batch: 2 }), streamed = [1, 2, 3].map((t) => stream.step([t, t + 1]));
    return {
      output: session.forward(x, { lengths: LENGTHS }),
      carried: session.forward(x, { states: "carry" }),
      losses: session.losses({ x, y }),
      loss: Float32Array.of(session.evaluate({ x, y }, { lengths: LENGTHS }).loss),
      probabilities: session.probabilities(x, { temperature: 0.7 }),
      ...Object.fromEntries(streamed.map((out, t) => [`stream ${t}`, out])),
      ...session.states(),
    };
  }
  using plain = await compile(net(), { ...options, numerics: "exact" });
  const want = run(plain);
  for (const way of WAYS) {
    const { session } = await interleaved(net(), options, way);
    assertSame(run(session), want, `${way.threads} threads, ${way.order}`);
  }
});

const decoder = (width: number, last = false) => () =>
  sequential({
    rnn: recurrent(lstm(), { input: I, hidden: 20, output: last ? "last" : "sequence", dropout: 0.2, layers: 2 }),
    out: dense(20, width),
  });

/** Losses, each with a net, and its number of targets: integers below `below`. */
const TRAININGS: Record<
  string,
  { net: () => Layer; loss: Loss; targets: number; below: number } & Partial<PlanOptions>
> = {
  "cross-entropy, adam, clipped norm": {
    ...{ net: decoder(11), loss: crossEntropy({ labelSmoothing: 0.1 }), targets: T * B, below: 11 },
    ...{ optimizer: adam({ amsgrad: true }), clip: clipNorm(0.1), averageDecay: 0.9 },
  },
  "squared error, momentum, clipped values": {
    ...{ net: decoder(3), loss: squaredError({ reduction: "sum" }), targets: T * B * 3, below: 2 },
    ...{ optimizer: sgd({ momentum: 0.9, nesterov: true, learningRate: 0.01 }), clip: clipValue(0.01) },
  },
  "binary cross-entropy, rmsprop, groups": {
    ...{ net: decoder(3), loss: binaryCrossEntropy(), targets: T * B * 3, below: 2 },
    optimizer: rmsprop({ momentum: 0.5, centered: true, groups: [{ parameters: ["*bias*"], learningRate: 0.1 }] }),
  },
  "last output, adagrad, frozen": {
    ...{ net: decoder(11, true), loss: crossEntropy(), targets: B, below: 11 },
    ...{ optimizer: adagrad(), frozen: ["out.bias", "rnn.weight_hh_l0"], clip: clipNorm(0.1, { p: 3 }) },
  },
  "one row for a sequence, sgd": {
    ...{ net: decoder(11, true), loss: crossEntropy(), targets: B, below: 11, optimizer: sgd() },
  },
  "ctc": {
    ...{ net: decoder(4), loss: ctc({ blank: 3, zeroInfinity: true }), targets: 2 * B, below: 3 },
    optimizer: adam(),
  },
};

for (const [name, { net, targets, below, ...options }] of Object.entries(TRAININGS)) {
  Deno.test(`${name}: training on threads in any order gives the bits of one thread`, async () => {
    function train(session: Session): { numbers: unknown[]; tensors: Results } {
      const random = new Generator(7), numbers: unknown[] = [];
      for (let i = 0; i < 3; i++) {
        const data = {
          x: Float32Array.from({ length: T * B * I }, () => 2 * random.uniform() - 1),
          y: Int32Array.from({ length: targets }, () => random.integer(below)),
        };
        numbers.push(session.accumulate(data, { lengths: LENGTHS }));
        numbers.push(session.step(data, { states: i ? "carry" : "zero" }));
      }
      const tensors = { ...session.states() };
      for (const [kind, all] of Object.entries({ parameter: session.parameters(), gradient: session.gradients() })) {
        for (const [name, { data }] of all) tensors[`${kind} ${name}`] = data;
      }
      for (const [name, { data }] of session.trainingState().tensors) tensors[name] = data;
      return { numbers, tensors };
    }
    const plan = { ...PLAN, ...options };
    using plain = await compile(net(), { ...plan, numerics: "exact" });
    const want = train(plain);
    for (const way of WAYS) {
      const { session } = await interleaved(net(), plan, way), got = train(session);
      assertEquals(got.numbers, want.numbers, `${way.threads} threads, ${way.order}`);
      assertSame(got.tensors, want.tensors, `${way.threads} threads, ${way.order}`);
    }
  });
}

Deno.test("recomputation in segments has the bits of one thread", async () => {
  const net = sequential({ rnn: recurrent(lstm(), { input: I, hidden: [H, 4], dropout: 0.3 }), out: dense(4, 3) });
  const options = { ...PLAN, recompute: true, loss: crossEntropy(), optimizer: adam() };
  const random = new Generator(5), x = Float32Array.from({ length: 11 * B * I }, () => random.uniform());
  const y = Int32Array.from({ length: 11 * B }, () => random.integer(3));
  using plain = await compile(net, { ...options, numerics: "exact" });
  const want = plain.step({ x, y });
  for (const way of WAYS) {
    const { session } = await interleaved(net, options, way);
    assertEquals(session.step({ x, y }), want);
    assertSame(session.states(), plain.states(), "states");
  }
});

Deno.test("the number of barriers is small and does not depend on T", async () => {
  const net = sequential({
    input: oneHot(11),
    rnn: recurrent(lstm(), { input: 11, hidden: [H, H] }),
    out: dense(H, 11),
  });
  const counts = [];
  for (const T of [6, 12]) {
    const options = { batch: 8, steps: T, loss: crossEntropy(), optimizer: adam(), clip: clipNorm(1) };
    const { session, work } = await interleaved(net, options, { threads: 2, order: 1, room: 1000 });
    const x = Int32Array.from({ length: 8 * T }, (_, i) => i % 11);
    session.step({ x, y: x });
    work.barriers = 0;
    work.calls.fill(0);
    session.step({ x, y: x });
    counts.push(work.barriers);
    // The first thread has the few calls that cannot be partitioned.
    assert(work.calls[1] > 0.8 * work.calls[0], `${work.calls}`);
  }
  assertEquals(counts[0], counts[1]);
  assert(counts[0] < 40, `${counts[0]} barriers`);
});
