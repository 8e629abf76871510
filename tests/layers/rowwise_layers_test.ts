/** Layers that compute each row alone: residual, layer norm, nonlinearities. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ActivationName,
  type ActivationOptions,
  compile,
  dense,
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
import { activation, layerNorm, residual } from "../../layers.ts";
import { assertSame, draw, pass } from "../support/cells/trial.ts";
import { exact } from "../support/layers/cells.ts";
import { paddedData } from "../support/layers/padding.ts";

const T = 4, B = 5, PLAN = { batch: B, steps: T };

Deno.test("residual: y = x + f(x), with the states and parameters of f", async () => {
  const f = recurrent(gru(), { input: 6, hidden: 6, layers: 2 }), net = residual(f);
  assertEquals(net.parameters, f.parameters);
  const data = draw(f, { T, B }, 1);
  using plain = await exact(f, PLAN);
  using added = await exact(net, PLAN);
  const want = pass(plain, data, B), got = pass(added, data, B);
  const sum = (a: Float32Array, b: Float32Array) => a.map((value, i) => Math.fround(value + b[i]));
  assertSame(got, { ...want, output: sum(want.output, data.x), dx: sum(want.dx, data.dOutput) }, "residual");
});

Deno.test("layer norm: rows of mean 0 and variance 1, times weight, plus bias", async () => {
  const width = 9, net = layerNorm(width, { epsilon: 1e-12 }), { x } = draw(net, { T, B }, 2);
  using session = await exact(net, PLAN);
  const output = session.forward(x.map((value) => 100 + 3 * value));
  for (let row = 0; row < T * B; row++) {
    const y = [...output.subarray(row * width, (row + 1) * width)];
    assertAlmostEquals(y.reduce((sum, value) => sum + value, 0), 0, 1e-3);
    assertAlmostEquals(y.reduce((sum, value) => sum + value * value, 0) / width, 1, 1e-3);
  }
  const weight = Float32Array.from({ length: width }, (_, i) => i), bias = weight.map((value) => 1 - value);
  session.setParameters(
    new Map([["weight", { shape: [width], data: weight }], ["bias", { shape: [width], data: bias }]]),
  );
  const scaled = session.forward(x.map((value) => 100 + 3 * value));
  scaled.forEach((value, i) => assertAlmostEquals(value, output[i] * weight[i % width] + bias[i % width], 1e-5));
  assertEquals(
    session.forward(new Float32Array(width * B).fill(7)),
    Float32Array.from({ length: B * width }, (_, i) => {
      return bias[i % width];
    }),
  );
});

const VALUES: Record<ActivationName, [options: ActivationOptions, x: number, y: number][]> = {
  identity: [[{}, -3, -3]],
  relu: [[{}, 2, 2], [{}, -2, 0]],
  tanh: [[{}, 1, Math.tanh(1)]],
  sigmoid: [[{}, 1, 1 / (1 + Math.exp(-1))]],
  affine: [[{}, 2, 2], [{ alpha: 3, beta: -1 }, 2, 5]],
  leakyRelu: [[{}, -2, -0.02], [{ alpha: 0.5 }, -2, -1], [{ alpha: 0.5 }, 2, 2]],
  thresholdedRelu: [[{}, 0.9, 0], [{}, 1.1, 1.1], [{ alpha: -1 }, -0.5, -0.5]],
  scaledTanh: [[{}, 1, Math.tanh(1)], [{ alpha: 2, beta: 0.5 }, 1, 2 * Math.tanh(0.5)]],
  hardSigmoid: [[{}, 1, 0.7], [{}, 9, 1], [{}, -9, 0], [{ alpha: 0.5, beta: 0.25 }, 1, 0.75]],
  elu: [[{}, 2, 2], [{}, -1, Math.exp(-1) - 1], [{ alpha: 2 }, -1, 2 * (Math.exp(-1) - 1)]],
  softsign: [[{}, -3, -0.75]],
  softplus: [[{}, 1, Math.log(1 + Math.exp(1))]],
};

Deno.test("activation: every nonlinearity, with the defaults and with other numbers", async () => {
  for (const [name, cases] of Object.entries(VALUES)) {
    for (const [options, x, y] of cases) {
      using session = await compile(activation(name as ActivationName, 3, options), { batch: 1, steps: 1 });
      for (const value of session.forward([x, x, x])) assertAlmostEquals(value, y, 1e-6, name);
    }
  }
});

const STACK: Layer = sequential({
  first: dense(3, 6),
  norm: layerNorm(6),
  rnn: residual(recurrent(lstm(), { input: 6, hidden: 6 })),
  nonlinearity: activation("softplus", 6),
});

Deno.test("a row in a stack has the same bits in any batch, and padding changes nothing", async () => {
  const data = draw(STACK, { T, B }, 3), lengths = [3, 4, 1, 2, 2];
  using session = await exact(STACK, PLAN);
  const clean = pass(session, paddedData(data, { T, B }, lengths, 0, 0), B, { lengths });
  pass(session, { ...data, x: data.x.map(() => NaN), dOutput: data.dOutput.map(() => NaN) }, B);
  assertSame(pass(session, paddedData(data, { T, B }, lengths, NaN, NaN), B, { lengths }), clean, "padding");
  assert(clean.output.every(Number.isFinite));
});

Deno.test("widths that do not fit, one-hot rows and wrong options are refused", async () => {
  const shapes: [make: () => Layer, words: string][] = [
    [() => residual(dense(3, 4)), "got values of width 3 and values of width 4"],
    [() => residual(embedding(4, 4)), "got tokens of width 4 and values of width 4"],
    [() => sequential({ norm: layerNorm(4), relu: activation("relu", 5) }), "Cannot join layers"],
  ];
  for (const [make, words] of shapes) assertThrows(make, ShapeError, words);
  const options: [make: () => Layer, words: string][] = [
    [() => layerNorm(0), '"width" must be an integer >= 1, got 0'],
    [() => layerNorm(3, { epsilon: 0 }), '"epsilon" must be a finite number > 0, got 0'],
    [() => layerNorm(3, { epsilon: NaN }), '"epsilon"'],
    [() => activation("gelu" as ActivationName, 3), '"activation" must be one of identity, relu'],
    [() => activation("relu", 3, { alpha: 1 }), '"activation" has no "alpha": it is relu'],
    [() => activation("elu", 3, { alpha: Infinity }), '"alpha" must be a finite number'],
    [() => activation("elu", 1.5), '"width"'],
  ];
  for (const [make, words] of options) assertThrows(make, OptionError, words);
  for (const layer of [layerNorm(5), activation("tanh", 5), residual(dense(5, 5))]) {
    const net = sequential({ input: oneHot(5), layer });
    await assertRejects(
      () => compile(net, { batch: 1, steps: 1 }),
      ShapeError,
      "its input must be values, got one-hot",
    );
  }
});
