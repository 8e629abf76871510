/** `load`, the session of entry ./inference: kernels of forward passes alone, and the bits of `compile`. */
import { assertEquals, assertRejects } from "@std/assert";
import { layerNormLstm, minimalGatedUnit } from "../support/cells/written_by_hand.ts";
import { load } from "../../inference.ts";
import {
  ACTIVATION,
  type ActivationName,
  type Cell,
  compile,
  dense,
  dropout,
  elman,
  embedding,
  Generator,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  type RecurrentOptions,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { activation, attentionPool, layerNorm, pool, residual } from "../../layers.ts";
import { VARIANTS } from "../support/cells/variants.ts";

const T = 5, B = 3, I = 4;

const CELLS: Record<string, () => Cell> = {
  ...VARIANTS,
  "elman": () => elman(),
  "elman, relu, no bias": () => elman({ activation: "relu", bias: false }),
  "lstm": () => lstm(),
  "lstm, no bias": () => lstm({ bias: false }),
  "gru": () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
  "a minimal gated unit of one's own": minimalGatedUnit,
  "a layer norm lstm of one's own": layerNormLstm,
};

const NETS: Record<string, () => Layer> = {
  ...Object.fromEntries(
    Object.entries(CELLS).map(([name, cell]) => [name, () => recurrent(cell(), { input: I, hidden: 6 })]),
  ),
  ...Object.fromEntries(
    (["concat", "sum", "average", "multiply", "none"] as const).map((merge) => [
      `both directions, ${merge}`,
      () => rnn({ bidirectional: true, merge }),
    ]),
  ),
  ...Object.fromEntries(
    (Object.keys(ACTIVATION) as ActivationName[]).map((name) => [name, () => activation(name, I)]),
  ),
  "the last output": () => rnn({ output: "last" }),
  "the last output of both directions": () => rnn({ output: "last", bidirectional: true }),
  "dropout of all kinds": () => rnn({ hidden: [6, 5], dropout: 0.5, inputDropout: 0.5, recurrentDropout: 0.5 }),
  "learned states": () => rnn({ initialStates: "learned" }),
  "layers of several widths": () => rnn({ hidden: [5, 7, 3], dropout: 0.5 }),
  "mean pooling": () => pool(I, "mean"),
  "max pooling": () => pool(I, "max"),
  "attention pooling": () => attentionPool(I, { hidden: 3 }),
  "one-hot tokens": () => sequential({ input: oneHot(9), rnn: recurrent(gru(), { input: 9, hidden: 5 }) }),
  "all layers": () =>
    sequential({
      embedding: embedding(9, I),
      norm: layerNorm(I),
      residual: residual(recurrent(lstm(), { input: I, hidden: I })),
      dropout: dropout(I, 0.5),
      output: dense(I, 2),
    }),
};

function rnn(options: Partial<RecurrentOptions>): Layer {
  return recurrent(lstm(), { input: I, hidden: 6, ...options });
}

for (const numerics of ["exact", "fast"] as const) {
  for (const [name, net] of Object.entries(NETS)) {
    Deno.test(`a loaded net has the bits of a compiled one: ${name} (${numerics})`, async () => {
      const options = { batch: B, steps: T, numerics }, random = new Generator(1);
      using compiled = await compile(net(), options);
      const parameters = compiled.parameters();
      for (const { data } of parameters.values()) data.forEach((_, i) => data[i] = random.uniform() - 0.5);
      compiled.setParameters(parameters);
      using loaded = await load(net(), parameters, options);
      const { kind, width } = net().input;
      const x = kind === "values"
        ? Float32Array.from({ length: T * B * width }, () => 4 * random.uniform() - 2)
        : Int32Array.from({ length: T * B }, () => random.integer(width));
      for (const call of [{}, { lengths: [2, T, 1] }, { states: "carry" }] as const) {
        assertEquals(loaded.forward(x, call), compiled.forward(x, call));
        assertEquals(loaded.states(), compiled.states());
      }
      if (name !== "both directions, none") {
        const cold = { temperature: 0.7 };
        assertEquals(loaded.probabilities(x, cold), compiled.probabilities(x, cold));
      }
      if (name.includes("both directions") || name.includes("pooling")) return;
      const row = x.subarray(0, x.length / T / B), streams = [loaded.stream(), compiled.stream()];
      for (let step = 0; step < 3; step++) assertEquals(streams[0].step(row), streams[1].step(row));
    });
  }
}

Deno.test("load refuses parameters that are not the net's", async () => {
  const net = dense(2, 3), given = new Map([["weight", { shape: [2, 3], data: new Float32Array(6) }]]);
  await assertRejects(
    () => load(net, given, { batch: 1, steps: 1 }),
    ShapeError,
    '"bias" is missing; "weight" must have shape [3,2], got [2,3]',
  );
});
