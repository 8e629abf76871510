/** Nets with int8 weights: the same bits in company, in pieces, in all builds and threads; what is refused. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { layerNormLstm } from "../../examples/custom_cell.ts";
import { load } from "../../inference.ts";
import { int8, quantize } from "../../int8.ts";
import {
  adam,
  type Cell,
  compile,
  type CompileOptions,
  crossEntropy,
  dense,
  dropout,
  elman,
  embedding,
  Generator,
  gru,
  type KernelOptions,
  type Layer,
  lstm,
  oneHot,
  OptionError,
  readSafetensors,
  recurrent,
  sequential,
  ShapeError,
  type TensorCopy,
  writeSafetensors,
} from "../../mod.ts";
import { notesGru, notesLstm } from "../../cells.ts";
import { attentionPool, layerNorm } from "../../layers.ts";
import { bahdanau, encoderDecoder, luong } from "../../models.ts";
import { wasm } from "../../package/wasm.ts";
import { wide } from "../../wide.ts";
import { INT8_BUILDS } from "../support/int8.ts";

const T = 7, V = 19, LENGTHS = [7, 5, 5, 1];
const B = LENGTHS.length;

const CELLS: Record<string, () => Cell> = {
  lstm: () => lstm(),
  "lstm without biases": () => lstm({ bias: false }),
  "lstm with peepholes and a projection": () => lstm({ peepholes: true, projection: 9 }),
  "lstm with coupled gates": () => lstm({ coupled: true }),
  gru: () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
  elman: () => elman(),
  "elman with relu": () => elman({ activation: "relu" }),
  "lstm of the notes": () => notesLstm(),
  "gru of the notes": () => notesGru(),
  "a cell of one's own": layerNormLstm,
};

const NETS: Record<string, () => Layer> = {
  ...Object.fromEntries(
    Object.entries(CELLS).map(([name, cell]) => [name, () => {
      const rnn = recurrent(cell(), { input: 10, hidden: [21, 17], dropout: 0.2 });
      return sequential({ embedding: embedding(V, 10), rnn, decoder: dense(rnn.output.width, V) });
    }]),
  ),
  "one-hot rows": () =>
    sequential({ tokens: oneHot(V), rnn: recurrent(lstm(), { input: V, hidden: 20 }), decoder: dense(20, 5) }),
  "a tied decoder, layer norm": () =>
    sequential({
      embedding: embedding(V, 20),
      rnn: recurrent(gru(), { input: 20, hidden: 20, initialStates: "learned" }),
      norm: layerNorm(20),
      decoder: dense(20, V),
    }, { tied: { "embedding.weight": "decoder.weight" } }),
  "both directions, attention": () =>
    sequential({
      embedding: embedding(V, 10),
      dropout: dropout(10, 0.5),
      rnn: recurrent(gru(), { input: 10, hidden: 9, bidirectional: true }),
      pool: attentionPool(18),
      decoder: dense(18, 3),
    }),
};

const random = new Generator(3);
const X = Int32Array.from({ length: T * B }, () => random.integer(V));

/** A net, its f32 parameters, and both with int8 weights. */
async function quantized(net: Layer) {
  using session = await compile(net, { batch: 1, steps: 1, seed: 4 });
  const floats = session.parameters();
  return { floats, ...quantize(net, floats, { weights: "int8" }) };
}

/** The outputs of a batch of tokens. */
async function outputs(
  net: Layer,
  parameters: Parameters<typeof quantize>[1],
  options: Partial<CompileOptions>,
): Promise<Float32Array> {
  using session = await compile(net, { batch: B, steps: T, ...options });
  session.setParameters(parameters);
  return session.forward(X, { lengths: LENGTHS });
}

for (const [name, make] of Object.entries(NETS)) {
  Deno.test(`int8, ${name}: the same bits in all builds, by compile and load, with threads`, async () => {
    const { net, parameters, floats } = await quantized(make());
    const want = await outputs(net, parameters, { kernels: int8 });
    const exact = await outputs(make(), floats, { numerics: "exact" });
    const far = want.reduce((most, y, i) => Math.max(most, Math.abs(y - exact[i])), 0);
    assert(far > 0 && far < 0.05, `${far} from f32`);
    const ways: Record<string, Partial<CompileOptions>> = {
      plain: { kernels: INT8_BUILDS.plain },
      relaxed: { numerics: INT8_BUILDS.relaxed },
      exact: { kernels: int8, numerics: "exact" },
      wide: { kernels: int8, numerics: wide },
      "two threads": { kernels: int8, threads: 2 },
      "a module": { numerics: int8, kernels: await WebAssembly.compile(wasm("exact.wasm") as Uint8Array<ArrayBuffer>) },
    };
    for (const [way, options] of Object.entries(ways)) {
      assertEquals(await outputs(net, parameters, options), want, way);
    }
    using loaded = await load(net, parameters, { batch: B, steps: T, kernels: int8 });
    assertEquals(loaded.forward(X, { lengths: LENGTHS }), want);
  });

  Deno.test(`int8, ${name}: a row has the same bits alone, and a sequence in pieces and by steps`, async () => {
    const { net, parameters } = await quantized(make());
    using loaded = await load(net, parameters, { batch: B, steps: T, kernels: int8 });
    using single = await load(net, parameters, { batch: 1, steps: T, kernels: int8 });
    const whole = loaded.forward(X), { width } = net.output, rows = net.output.steps === "one" ? 1 : T;
    // `count` rows of n elements of sequence b.
    const column = (all: ArrayLike<number>, b: number, n: number, count: number) =>
      Array.from({ length: count * n }, (_, i) => all[Math.floor(i / n) * B * n + b * n + i % n]);
    for (let b = 0; b < B; b++) {
      const alone = [...single.forward(column(X, b, 1, T))];
      assertEquals(alone, column(whole, b, width, rows), `row ${b}`);
    }
    if (net.wholeSequence) return;
    const stream = loaded.stream({ batch: B });
    const steps = Array.from({ length: T }, (_, t) => [...stream.step(X.subarray(t * B, (t + 1) * B))]).flat();
    assertEquals(steps, [...whole]);
    const first = [...loaded.forward(X.subarray(0, 3 * B))];
    const rest = [...loaded.forward(X.subarray(3 * B), { states: "carry" })];
    assertEquals([...first, ...rest], [...whole]);
  });
}

const DECODERS: Record<string, () => Record<string, Layer>> = {
  bahdanau: () => ({ rnn: recurrent(bahdanau(gru(), { source: 12 }), { input: 6, hidden: 12 }) }),
  luong: () => ({ rnn: recurrent(lstm(), { input: 6, hidden: 12 }), attention: luong(12, { source: 12 }) }),
};

for (const [name, decoder] of Object.entries(DECODERS)) {
  Deno.test(`int8: an encoder and a decoder with the attention of ${name}`, async () => {
    const cell = name === "luong" ? lstm() : gru();
    const net = encoderDecoder({
      encoder: sequential({ embedding: embedding(V, 6), rnn: recurrent(cell, { input: 6, hidden: 12 }) }),
      decoder: sequential({ embedding: embedding(V, 6), ...decoder(), output: dense(12, V) }),
    });
    const { net: small, parameters, floats } = await quantized(net);
    const run = async (net: Layer, tensors: Parameters<typeof quantize>[1], options: KernelOptions) => {
      using loaded = await load(net, tensors, { batch: B, steps: T, ...options });
      return loaded.forward(X, { decoderInput: X });
    };
    const want = await run(small, parameters, { kernels: int8 });
    assertEquals(await run(small, parameters, { kernels: INT8_BUILDS.plain }), want);
    const exact = await run(net, floats, { numerics: "exact" });
    want.forEach((y, i) => assert(Math.abs(y - exact[i]) < 0.05));
  });
}

Deno.test("the file of a 2 x 128 net has at most 0.27 of the bytes, and gives the same parameters and bits", async () => {
  for (const cell of [lstm(), gru()]) {
    const net = sequential({
      tokens: oneHot(65),
      rnn: recurrent(cell, { input: 65, hidden: [128, 128] }),
      decoder: dense(128, 65),
    });
    const { net: small, parameters, floats } = await quantized(net);
    const file = writeSafetensors(parameters);
    const ratio = file.length / writeSafetensors(floats).length;
    assert(ratio <= 0.27, `${ratio}`);
    const { tensors } = readSafetensors(file);
    assertEquals(tensors.get("rnn.weight_hh_l0")!.dtype, "I8");
    assertEquals(tensors.get("rnn.weight_hh_l0.scale")!.shape, [128 * cell.gates]);
    assertEquals(tensors.get("rnn.bias_hh_l0")!.dtype, "F32");
    using loaded = await load(small, tensors, { batch: 1, steps: 3, kernels: int8 });
    using other = await load(small, parameters, { batch: 1, steps: 3, kernels: int8 });
    assertEquals(loaded.forward([1, 2, 3]), other.forward([1, 2, 3]));
    // The parameters as f32 are those of the file, and packed again they are the file's.
    assertEquals(quantize(net, loaded.parameters()).parameters, parameters);
    assertEquals(quantize(net, tensors).parameters, parameters);
    using same = await load(small, loaded.parameters(), { batch: 1, steps: 3, kernels: int8 });
    assertEquals(same.forward([1, 2, 3]), other.forward([1, 2, 3]));
  }
});

Deno.test("each weight is off by at most half a step of its row", () => {
  const net = dense(50, 9), data = Float32Array.from({ length: 450 }, () => random.normal() * 10 ** random.integer(9));
  data.fill(0, 50, 100);
  const floats = new Map<string, TensorCopy>([["weight", { shape: [9, 50], data }], [
    "bias",
    { shape: [9], data: new Float32Array(9) },
  ]]);
  const { parameters } = quantize(net, floats);
  const integers = parameters.get("weight")!.data, scales = parameters.get("weight.scale")!.data;
  for (let i = 0; i < 450; i++) {
    const row = Math.floor(i / 50), w = integers[i] * scales[row];
    assert(Math.abs(w - data[i]) <= 0.500001 * scales[row], `${w} for ${data[i]}`);
    assertEquals(Math.fround(w), w, "an integer times its scale is exact");
  }
  assertEquals(scales[1], 0);
});

Deno.test("int8 weights without the kernels are refused by an error that names the import", async () => {
  const { net, parameters, floats } = await quantized(NETS.lstm());
  const sizes = { batch: 1, steps: 1 }, entry = "@unroll/rnn/int8";
  await assertRejects(() => load(net, parameters, sizes), OptionError, entry);
  await assertRejects(() => compile(net, sizes), OptionError, entry);
  await assertRejects(() => compile(net, { ...sizes, numerics: wide }), OptionError, entry);
  // The file of int8 weights in the net of f32 weights.
  await assertRejects(() => load(NETS.lstm(), parameters, sizes), ShapeError, entry);
  await assertRejects(() => load(NETS.lstm(), parameters, { ...sizes, kernels: int8 }), ShapeError, "quantize()");
  using session = await compile(NETS.lstm(), { ...sizes, kernels: int8 });
  session.setParameters(floats);
  const before = session.parameters();
  assertThrows(() => session.setParameters(parameters), ShapeError, entry);
  assertThrows(() => session.setParameters(parameters, { strict: false }), ShapeError, entry);
  assertEquals(session.parameters(), before);
});

Deno.test("int8 weights are not trained", async () => {
  const { net } = await quantized(NETS.gru());
  for (const options of [{ train: true }, { optimizer: adam() }]) {
    const all = { batch: 1, steps: 1, loss: crossEntropy(), kernels: int8, ...options };
    await assertRejects(() => compile(net, all), OptionError, "Cannot train int8 weights");
  }
  using session = await compile(net, { batch: 1, steps: 1, loss: crossEntropy(), kernels: int8 });
  assert(session.evaluate({ x: [1], y: [2] }).loss > 0, "a loss is measured");
});

Deno.test("quantize refuses wrong options, names, shapes and numbers", async () => {
  const net = dense(3, 2);
  using session = await compile(net, { batch: 1, steps: 1 });
  const floats = session.parameters();
  assertThrows(() => quantize(net, floats, { weights: "int4" as never }), OptionError, '"weights"');
  assertThrows(() => quantize(net, floats, { bits: 8 } as never), OptionError, '"bits"');
  assertThrows(() => quantize({} as never, floats), OptionError, '"net"');
  assertThrows(() => quantize(net, new Map()), ShapeError, '"weight" is missing');
  const broken = new Map(floats).set("weight", { shape: [2, 3], data: new Float32Array(6).fill(NaN) });
  assertThrows(() => quantize(net, broken), OptionError, '"weight"');
});

Deno.test("nets of f32 weights run as if the kernels of int8 weights were not given", async () => {
  const net = NETS.lstm();
  using session = await compile(net, { batch: 1, steps: 1, seed: 4 });
  const floats = session.parameters();
  for (const numerics of ["fast", "exact"] as const) {
    assertEquals(await outputs(net, floats, { numerics, kernels: int8 }), await outputs(net, floats, { numerics }));
  }
  assertEquals(await outputs(net, floats, { numerics: int8 }), await outputs(net, floats, {}));
});
