/** Nets written as ONNX models: onnxruntime, and OnnxModel, compute the outputs of a session. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  compile,
  dense,
  elman,
  embedding,
  Generator,
  gru,
  LanguageModel,
  type Layer,
  lstm,
  OptionError,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { residual } from "../../layers.ts";
import { encoderDecoder } from "../../models.ts";
import { OnnxModel, type OnnxWriteOptions, writeOnnx } from "../../onnx.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { NETS, parametersOf, PROJECTED, SCANNED } from "../support/onnx/nets.ts";
import { type Input, onnxruntime, type Outputs } from "../support/onnx/onnxruntime.ts";

/** Functions of onnxruntime have errors of some 1e-7, which layers add up. */
const TOLERANCE = { atol: 4e-6, rtol: 4e-6 };

async function onnxModel(bytes: Uint8Array, inputs: Readonly<Record<string, Input>>): Promise<Outputs> {
  using model = OnnxModel.load(bytes);
  return await model.run(inputs);
}

/** Compares the outputs of a model and of a session for a batch of one size. */
async function compare(
  net: Layer,
  bytes: Uint8Array,
  { T, B, ...options }: OnnxWriteOptions & { T: number; B: number },
  parameters = parametersOf(net),
  runs: readonly ((...args: Parameters<typeof onnxruntime>) => Promise<Outputs>)[] = [onnxruntime, onnxModel],
) {
  const { batchFirst = false, softmax } = options, random = new Generator(T), tokens = net.input.kind === "tokens";
  using session = await compile(net, { batch: B, steps: T, batchFirst });
  session.setParameters(parameters);
  const time = batchFirst ? [B, T] : [T, B], { width } = net.input;
  const number = () => random.uniform() * 4 - 2, numbers = (n: number) => Float32Array.from({ length: n }, number);
  const x = tokens ? Array.from({ length: T * B }, () => random.integer(width)) : numbers(T * B * width);
  const inputs: Record<string, Input> = { x: { shape: tokens ? time : [...time, width], data: x } };
  const lengths = options.lengths ? Int32Array.from({ length: B }, (_, b) => Math.max(1, T - b)) : undefined;
  if (lengths) inputs.lengths = { shape: [B], data: lengths };
  session.forward(x, { lengths }); // defines the names of the states
  const initial = Object.entries(session.states()).map(([name, { length }]) => [name, numbers(length)] as const);
  for (const [name, data] of options.states ? initial : []) {
    inputs[name] = { shape: [B, data.length / B], data };
  }
  const states = options.states && initial.length ? Object.fromEntries(initial) : "zero";
  const expected = softmax ? session.probabilities(x, { lengths, states }) : session.forward(x, { lengths, states });
  for (const run of runs) {
    const { output, ...others } = await run(bytes, inputs),
      { steps, parts = 1, width } = net.output,
      once = steps === "one";
    assertEquals([...output.shape], [...parts === 2 ? [2] : [], ...once ? [B] : time, width / parts]);
    // Behind the length of a row a session outputs zeros.
    const counted = Float32Array.from(output.data);
    if (lengths && !once) {
      counted.forEach((_, i) => {
        const row = Math.floor(i / (width / parts)) % (T * B),
          [t, b] = batchFirst ? [row % T, Math.floor(row / T)] : [Math.floor(row / B), row % B];
        if (t >= lengths[b]) counted[i] = 0;
      });
    }
    assertClose(counted, expected, TOLERANCE, `output by ${run.name}`);
    assertEquals(Object.keys(others), options.states ? initial.map(([name]) => `${name}_n`) : []);
    for (const [name, { data }] of Object.entries(others)) {
      assertClose(data, session.states()[name.slice(0, -2)], TOLERANCE, `${name} by ${run.name}`);
    }
  }
}

const SIZES = [{ T: 6, B: 3 }, { T: 1, B: 1 }];

for (const [name, net] of Object.entries({ ...NETS, ...PROJECTED })) {
  Deno.test(`the ONNX model of a net has its outputs: ${name}`, async () => {
    const stateful = !(name in PROJECTED), parameters = parametersOf(net);
    const variants: OnnxWriteOptions[] = [{}, { batchFirst: true, lengths: true }, { lengths: true }];
    if (stateful) variants.push({ states: true }, { states: true, lengths: true, batchFirst: true });
    for (const options of variants) {
      const bytes = writeOnnx(net, parameters, options);
      for (const size of SIZES) await compare(net, bytes, { ...options, ...size }, parameters);
    }
  });
}

for (const [name, net] of Object.entries(SCANNED)) {
  Deno.test(`the equations of a cell in an ONNX model, run by onnxruntime: ${name}`, async () => {
    // An sLSTM divides by a state, which must not be drawn near 0.
    const parameters = parametersOf(net), isDivided = name.startsWith("sLstm");
    const variants: OnnxWriteOptions[] = [{}, { batchFirst: true, lengths: true }, { lengths: true }];
    if (!isDivided) variants.push({ states: true }, { states: true, lengths: true, batchFirst: true });
    for (const options of variants) {
      const bytes = writeOnnx(net, parameters, options);
      for (const size of SIZES) await compare(net, bytes, { ...options, ...size }, parameters, [onnxruntime]);
    }
  });
}

Deno.test("an ONNX model can end with a softmax", async () => {
  const net = NETS.tagger, options = { softmax: true, batchFirst: true };
  await compare(net, writeOnnx(net, parametersOf(net), options), { ...options, T: 4, B: 2 });
});

Deno.test("the error for a layer that cannot be written names the layer", () => {
  const refused = (net: Layer, message: string, options: OnnxWriteOptions = {}) => {
    const error = assertThrows(() => writeOnnx(net, parametersOf(net), options), OptionError);
    assertStringIncludes(error.message, "Cannot write ONNX: the layer ");
    assertStringIncludes(error.message, message);
  };
  const size = { input: 4, hidden: 5 }, own = { ...dense(4, 4), description: undefined };
  refused(own, '"net" has no "description"');
  refused(sequential({ a: dense(3, 4), b: sequential({ own }) }), '"b.own" has no "description"');
  refused(residual(own), '"net, inside of residual" has no "description"');
  refused(
    sequential({ rnn: recurrent({ ...elman(), description: undefined }, size) }),
    '"rnn" unrolls a cell that has no "description"',
  );
  const projection = recurrent(lstm({ projection: 3 }), { ...size, initialStates: "learned" });
  refused(sequential({ rnn: projection }), '"rnn" projects its output');
  const parts = () => sequential({ embedding: embedding(5, 4), rnn: recurrent(gru(), size) });
  refused(encoderDecoder({ encoder: parts(), decoder: parts() }), '"net" has no "description"');
  refused(PROJECTED.projection, '"net" projects its output', { states: true });
});

Deno.test("parameters that do not fit the net are refused", () => {
  const net = NETS.tagger, parameters = parametersOf(net);
  parameters.delete("tags.bias");
  parameters.set("norm.weight", { shape: [9], data: new Float32Array(9) });
  const { message } = assertThrows(() => writeOnnx(net, parameters), ShapeError);
  assertStringIncludes(message, '"tags.bias" is missing; "norm.weight" must have shape [10], got [9]');
});

Deno.test("the net of a language model can be written as an ONNX model", async () => {
  using model = await LanguageModel.create("abracadabra ".repeat(9), { cell: gru(), hidden: [5] });
  const { net } = model, parameters = model.parameters();
  await compare(net, writeOnnx(net, parameters), { T: 4, B: 2 }, parameters);
});
