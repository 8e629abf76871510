import { gradientCheck, type GradientCheckOptions } from "../../check.ts";
import {
  type ActivationName,
  type ActivationOptions,
  type Cell,
  crossEntropy,
  dense,
  elman,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
} from "../../mod.ts";
import { activation, layerNorm, residual } from "../../layers.ts";
import { ACTIVATION } from "../../src/kernels/activation_kinds.ts";
import { VARIANTS } from "../support/cells/variants.ts";
import { cellRoundings, walk } from "../support/rounding.ts";
import { assertRight } from "../support/gradients/assert_right.ts";

const CELLS: Record<string, () => Cell> = {
  "elman, tanh": () => elman(),
  "elman, relu": () => elman({ activation: "relu" }),
  "lstm": () => lstm(),
  "gru, reset after": () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
  ...VARIANTS,
};

const SHAPE = { T: 4, B: 3 }, V = 7, I = 5, HIDDEN = [6, 4];

/** Roundings of two layers, a dense layer of V columns and a loss of V terms. The largest error reaches a quarter. */
const BUILDS = walk(2 * cellRoundings({ ...SHAPE, I, H: HIDDEN[0] }) + HIDDEN[1] + 2 * V + SHAPE.T * SHAPE.B);

const table = [["net", "tensor", "f64", "exact", "fast"]];

for (const [name, cell] of Object.entries(CELLS)) {
  const stack = (input: number) => recurrent(cell(), { input, hidden: HIDDEN });
  const width = stack(I).output.width;
  const embedded = sequential({ embedding: embedding(V, I), rnn: stack(I), decoder: dense(width, V) });
  const hot = sequential({ input: oneHot(V), rnn: stack(V), decoder: dense(width, V) });
  const values = stack(I);

  Deno.test(`${name}: gradients of the cross-entropy, embedded tokens`, () => step(`${name}, embedding`, embedded));
  Deno.test(`${name}: gradients of the cross-entropy, one-hot tokens`, () => step(`${name}, one-hot`, hot));
  Deno.test(`${name}: gradients of x, first states and parameters from dOutput and dStates`, async () => {
    await judge(`${name}, values`, values, { seed: 2 });
  });
}

/** Layers without cells, alone and in a stack. */
const LAYERS: Record<string, Layer> = {
  "layer norm": layerNorm(I),
  "layer norm, large epsilon": layerNorm(I, { epsilon: 0.5 }),
  "residual": residual(recurrent(gru(), { input: I, hidden: I })),
  "residual of a residual": residual(residual(dense(I, I))),
  "residual of a bidirectional layer": residual(
    recurrent(elman(), { input: I, hidden: I, bidirectional: true, merge: "sum" }),
  ),
  "stack": sequential({
    first: dense(I, 6),
    norm: layerNorm(6),
    rnn: residual(recurrent(lstm(), { input: 6, hidden: 6, layers: 2 })),
    nonlinearity: activation("elu", 6),
    last: residual(sequential({ norm: layerNorm(6), dense: dense(6, 6) })),
  }),
};
/** Values of alpha and beta that put all pieces of the function between -1 and 1. */
const PIECES: Partial<Record<ActivationName, ActivationOptions>> = {
  thresholdedRelu: { alpha: 0.3 },
  hardSigmoid: { alpha: 0.7, beta: 0.4 },
};
for (const name of Object.keys(ACTIVATION) as ActivationName[]) {
  LAYERS[`activation ${name}`] = activation(name, I, PIECES[name]);
}

for (const [name, net] of Object.entries(LAYERS)) {
  for (const lengths of [[4, 4, 4], [3, 4, 1]]) {
    const what = `${name}, lengths ${lengths}`;
    Deno.test(`${what}: gradients of x, first states and parameters from dOutput and dStates`, async () => {
      await judge(what, net, { lengths, seed: 4 });
    });
  }
}

Deno.test("the largest errors are relative to the largest element of the gradient", () => {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  console.log(table.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ")).join("\n"));
});

async function step(name: string, net: Layer): Promise<void> {
  // Every fifth target does not count.
  const y = Array.from({ length: SHAPE.T * SHAPE.B }, (_, i) => i % 5 === 2 ? -100 : (3 * i + 1) % V);
  await judge(name, net, { loss: crossEntropy(), y, seed: 1 });
}

async function judge(name: string, net: Layer, options: GradientCheckOptions): Promise<void> {
  const check = await gradientCheck(net, { batch: SHAPE.B, steps: SHAPE.T, ...options });
  for (const { tensor, differences, exact, fast } of check.findings) {
    table.push([name, tensor, ...[differences, exact, fast].map((error) => error.toExponential(1))]);
  }
  assertRight(check, BUILDS, name);
}
