/** Layers over time and graphs inside of other layers: right gradients, or a refusal. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compile,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  lstm,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { gradientCheck, type GradientCheckOptions } from "../../check.ts";
import {
  add,
  attentionPool,
  batchNorm,
  concat,
  conv1d,
  flatten,
  graph,
  layerNorm,
  maxPool1d,
  multiply,
  repeat,
  reshape,
  residual,
  tokens,
  values,
} from "../../layers.ts";
import { ctc } from "../../losses.ts";
import { attention, bahdanau, decode, encoderDecoder, luong } from "../../models.ts";

const halving = conv1d(3, 3, 2, { strides: 2 });
const rnn = (input: number, hidden = input) => recurrent(gru(), { input, hidden });
const product = graph({
  inputs: { x: values(3), y: values(3) },
  layers: { p: [multiply(), "x", "y"] },
  outputs: "p",
});
const skip = graph({
  inputs: { x: values(3) },
  layers: { h: [dense(3, 3), "x"], y: [add(), "h", "x"] },
  outputs: "y",
});
const two = graph({
  inputs: { x: values(3) },
  layers: { a: [dense(3, 3), "x"], b: [dense(3, 3), "x"] },
  outputs: ["a", "b"],
});
const one = { steps: "one" } as const;
const besides = (layers: Record<string, Layer>) => {
  const names = Object.keys(layers);
  return graph({
    inputs: { x: values(3, one), z: values(2) },
    layers: {
      ...Object.fromEntries(names.map((name, i) => [name, [layers[name], names[i - 1] ?? "x"] as const])),
      each: [repeat(), names.at(-1)!, "z"],
      both: [concat(), "each", "z"],
    },
    outputs: "both",
  });
};
const translator = (attend: "none" | "luong" | "bahdanau", front: Layer) => {
  const cell = attend === "bahdanau" ? bahdanau(gru(), { source: 4 }) : gru();
  return encoderDecoder({
    encoder: sequential({ front, rnn: rnn(front.output.width, 4) }),
    decoder: sequential({
      embedding: embedding(5, 3),
      rnn: recurrent(cell, { input: 3, hidden: 4 }),
      ...attend === "luong" && { attention: luong(4, { source: 4 }) },
      output: dense(4, 5),
    }),
  });
};

const NETS: Record<string, [net: Layer, options?: GradientCheckOptions]> = {
  "a residual convolution": [residual(conv1d(3, 3, 3, { padding: "same" }))],
  "a residual causal convolution": [residual(conv1d(3, 3, 3, { padding: "causal" }))],
  "a residual layer behind strides": [sequential({ halving, residual: residual(rnn(3)) })],
  "two shorter sequences, both directions, attention": [
    sequential({
      halving,
      valid: conv1d(3, 3, 2),
      rnn: recurrent(lstm(), { input: 3, hidden: 2, bidirectional: true, layers: 2 }),
      pool: attentionPool(4),
    }),
  ],
  "ctc behind strides": [
    sequential({ halving, rnn: rnn(3), output: dense(3, 4) }),
    { loss: ctc(), y: [1, 2, 1, 3, 2, 1] },
  ],
  "a graph in a net, and in a residual layer": [sequential({ in: embedding(5, 3), skip, residual: residual(skip) })],
  "graphs in a graph": [graph({
    inputs: { x: values(3) },
    layers: { h: [dense(3, 3), "x"], p: [product, "h", "x"], again: [product, "p", "h"] },
    outputs: "again",
  })],
  "a net that begins with several inputs": [sequential({ product, output: dense(3, 2) })],
  "a net that ends with several outputs": [sequential({ in: dense(3, 3), two })],
  "one row for a sequence": [besides({ norm: layerNorm(3), batch: batchNorm(3), drop: dropout(3, 0.3) })],
  "one row that becomes a sequence": [
    sequential({ last: recurrent(gru(), { input: 2, hidden: 6, output: "last" }), steps: reshape(6, 2), rnn: rnn(2) }),
  ],
  "two layers with as many steps": [graph({
    inputs: { x: values(3) },
    layers: { a: [halving, "x"], b: [maxPool1d(3, 2), "x"], c: [add(), "a", "b"], d: [flatten(3, 4), "c"] },
    outputs: "d",
  })],
  "inputs with one row alone": [
    graph({
      inputs: { x: values(3, one), y: tokens(4, one) },
      layers: { e: [embedding(4, 3), "y"], b: [concat(), "x", "e"], o: [dense(6, 2), "b"] },
      outputs: "o",
    }),
    { lengths: undefined },
  ],
  "an encoder with strides": [translator("none", halving), { decoderSteps: 3 }],
  "an encoder with strides, attention": [translator("luong", halving), { decoderSteps: 3 }],
  "an encoder with strides, attention in the cell": [translator("bahdanau", halving), { decoderSteps: 3 }],
  "an encoder of more steps, attention": [translator("luong", reshape(3, 1)), { decoderSteps: 3 }],
};

for (const [name, [net, options]] of Object.entries(NETS)) {
  Deno.test(`the gradients of ${name}`, async () => {
    const check = await gradientCheck(net, { steps: 8, batch: 3, lengths: [8, 5, 6], ...options });
    assert(check.ok, String(check));
  });
}

Deno.test("attention to an encoder with strides: weights of its steps alone, and padding is never read", async () => {
  using session = await compile(translator("luong", halving), { batch: 2, steps: 8, decoderSteps: 3 });
  const x = Float32Array.from({ length: 8 * 2 * 3 }, (_, i) => Math.sin(i)), decoderInput = [0, 1, 2, 3, 4, 0];
  const padded = x.map((value, i) => i % 6 >= 3 && i >= 5 * 6 ? NaN : value), lengths = [8, 5];
  const output = session.forward(padded, { decoderInput, lengths });
  assert(output.every(Number.isFinite));
  const [{ shape, data }] = attention(session).values();
  assertEquals(shape, [3, 2, 4]);
  for (let row = 0; row < 6; row++) {
    const weights = data.slice(4 * row, 4 * row + 4);
    assertAlmostEquals(weights.reduce((a, b) => a + b), 1, 1e-6);
    if (row % 2) assertEquals([...weights.slice(2)], [0, 0]);
  }
  const decoder = decode(session, padded, { lengths });
  const step = decoder.step([0, 1]);
  step.forEach((value, i) => assertAlmostEquals(value, output[i], 1e-5));
});

Deno.test("what does not go together is refused", async () => {
  assertThrows(() => residual(conv1d(3, 3, 3)), ShapeError, "a row for each step of the input");
  assertThrows(() => residual(product), ShapeError, "Cannot add a layer to its input");
  assertThrows(() => sequential({ in: dense(3, 3), product }), ShapeError, "a layer of 2 inputs must not read 1");
  assertThrows(() => sequential({ two, out: dense(3, 3) }), ShapeError, "several outputs");
  assertThrows(
    () => encoderDecoder({ encoder: sequential({ product, rnn: rnn(3) }), decoder: rnn(3) }),
    ShapeError,
    "several inputs",
  );
  const strided = sequential({ rnn: rnn(3), halving });
  assertThrows(() => encoderDecoder({ encoder: rnn(3), decoder: strided }), ShapeError, "runs step by step");
  const size = { batch: 1, steps: 4 };
  await assertRejects(() => compile(besides({ rnn: rnn(3) }), size), ShapeError, "one row for a sequence");
  await assertRejects(
    () => compile(besides({ conv: conv1d(3, 3, 2, { padding: "causal" }) }), size),
    ShapeError,
    "one row for a sequence",
  );
});
