/** Exports of PyTorch as layers: they have the outputs of the models. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { adam, compile, crossEntropy, FormatError, type States } from "../../mod.ts";
import { OnnxModel } from "../../onnx.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { encode } from "../../src/onnx/format/protobuf.ts";
import { MODEL } from "../../src/onnx/format/schema.ts";
import { GraphWriter } from "../../src/onnx/export/graph_writer.ts";
import { MODELS } from "../support/onnx/models.ts";

/** Both run the same kernels on the same numbers, except that dense layers of models sum in double precision. */
const TOLERANCE = { atol: 2e-6, rtol: 2e-6 };

const EXPORTS = MODELS.filter(({ name }) => name.includes(" opset "));

for (const { name, bytes, sets } of EXPORTS) {
  Deno.test(`the layers of a model have its outputs: ${name}`, async () => {
    using model = OnnxModel.load(bytes);
    const { layer, parameters, batchFirst, head } = model.net();
    assertEquals(head, name.startsWith("LSTM flat") ? "logSoftmax" : undefined);
    for (const { inputs: { in0: x, in1, in2 }, outputs: { out0 } } of sets) {
      const [steps, batch] = batchFirst ? [x.shape[1], x.shape[0]] : x.shape;
      using session = await compile(layer, { batch, steps, batchFirst });
      session.setParameters(parameters);
      const lengths = name.includes("packed") ? Array.from(in1.data, Number) : undefined;
      const states = name.includes("initial") ? statesByLayer({ h: in1?.data, c: in2?.data }, 2) : "zero";
      const numbers = Array.from(x.data, Number);
      const actual = head
        ? session.probabilities(numbers).map(Math.log)
        : session.forward(numbers, { lengths, states });
      const expected = Float32Array.from(out0.data, Number);
      // Behind the length of a row a model outputs its bias, a session zero.
      if (lengths) {
        const width = expected.length / (steps * batch);
        expected.forEach((_, i) =>
          Math.floor(i / width / batch) < lengths[Math.floor(i / width) % batch] || (expected[i] = 0)
        );
      }
      assertClose(actual, expected, TOLERANCE, name);
    }
  });
}

/** Stacked states by the names of the layers' states. */
function statesByLayer(
  stacked: Record<string, ArrayLike<number> | ArrayLike<bigint> | undefined>,
  count: number,
): States {
  const states: States = {};
  for (const [name, data] of Object.entries(stacked)) {
    if (!data) continue;
    const all = Float32Array.from(data, Number), size = all.length / count;
    for (let l = 0; l < count; l++) states[`rnn.${name}_l${l}`] = all.slice(l * size, (l + 1) * size);
  }
  return states;
}

Deno.test("a model that is not a net of the library is refused with the name of the node", () => {
  for (const { name, bytes } of MODELS.filter((model) => !EXPORTS.includes(model))) {
    const { message } = assertThrows(() => OnnxModel.load(bytes).net(), FormatError);
    assert(message.includes("is no constant") || message.includes("in reverse"), `${name}: ${message}`);
  }
});

/** Two layers whose final states are stacked, as in PyTorch; the output is the states of one layer. */
function stackedStates(layer: number): Uint8Array {
  const graph = new GraphWriter(), x = graph.input("x", "float", ["T", "B", 2]), H = 3;
  const numbers = (...shape: number[]) =>
    graph.constant("weights", shape, Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)));
  const run = (x: string, I: number) =>
    graph.nodes("GRU", [x, numbers(1, 3 * H, I), numbers(1, 3 * H, H)], { hidden_size: H }, ["Y", "Y_h"]);
  const [Y, first] = run(x, 2), [, second] = run(graph.node("Squeeze", [Y, graph.integers([1])]), H);
  const states = graph.node("Concat", [first, second], { axis: 0 });
  graph.output("output", graph.node("Gather", [states, graph.integers(layer)], { axis: 0 }), ["B", H]);
  return graph.finish("states");
}

Deno.test("the last of stacked final states are the output of the last layer", async () => {
  using model = OnnxModel.load(stackedStates(-1));
  const { layer, parameters } = model.net(), T = 4, B = 2;
  using session = await compile(layer, { batch: B, steps: T });
  session.setParameters(parameters);
  const data = Float32Array.from({ length: T * B * 2 }, (_, i) => Math.cos(i)), x = { shape: [T, B, 2], data };
  assertClose(session.forward(data), (await model.run({ x })).output.data, TOLERANCE, "states");
  const below = assertThrows(() => OnnxModel.load(stackedStates(0)).net(), FormatError);
  assertStringIncludes(below.message, "it does not read the layer before it, but the output of layer 1");
});

Deno.test("a layer that does not read the layer before it is refused", () => {
  const value = (name: string) => ({
    name,
    type: { tensor: { element: 1, shape: { dim: [{ symbol: "n" }, { size: 2 }] } } },
  });
  const node = [["Relu", "x", "a"], ["Tanh", "x", "y"], ["Tanh", "a", "z"]].map(([operator, input, output]) => {
    return { operator, input: [input], output: [output], attribute: [] };
  });
  const graph = { node, name: "g", initializer: [], input: [value("x")], output: [value("z"), value("y")] };
  const model = OnnxModel.load(encode(MODEL, { irVersion: 8, graph, opset: [{ version: 17 }] }));
  const { message } = assertThrows(() => model.net(), FormatError);
  assertStringIncludes(message, 'node "y" (Tanh) is not supported: it does not read the layer before it');
});

Deno.test("an imported net can be trained", async () => {
  const model = OnnxModel.load(EXPORTS.find(({ name }) => name.startsWith("LSTM last"))!.bytes);
  const { layer, parameters, batchFirst } = model.net(), loss = crossEntropy();
  const optimizer = adam({ learningRate: 0.01 });
  using session = await compile(layer, { batch: 2, steps: 3, batchFirst, loss, optimizer });
  session.setParameters(parameters);
  const losses = Array.from({ length: 60 }, () => session.step({ x: [1, 2, 3, 4, 5, 6], y: [0, 1] }).loss);
  assertEquals(losses.some(Number.isNaN), false);
  assert(losses.at(-1)! < 0.2 * losses[0], `${losses[0]} became ${losses.at(-1)}`);
});

Deno.test("a mean or a maximum over steps that stand behind the elements is a pooling layer", async () => {
  for (const [operator, keepdims] of [["ReduceMean", 0], ["ReduceMax", 1]] as const) {
    const graph = new GraphWriter(), x = graph.input("x", "float", ["T", "B", 3]);
    const behind = graph.node("Transpose", [x], { perm: [1, 2, 0] });
    const pooled = graph.node(operator, [behind], { axes: [2], keepdims });
    const rows = keepdims ? graph.node("Squeeze", [pooled, graph.integers([2])]) : pooled;
    const weight = graph.constant("w", [3, 2], [1, 2, 3, 4, 5, 6]);
    graph.output("output", graph.node("MatMul", [rows, weight]), ["B", 2]);
    using model = OnnxModel.load(graph.finish("pooled"));
    const { layer, parameters } = model.net(), T = 4, B = 2;
    using session = await compile(layer, { batch: B, steps: T });
    session.setParameters(parameters);
    const data = Float32Array.from({ length: T * B * 3 }, (_, i) => Math.cos(i));
    const { output } = await model.run({ x: { shape: [T, B, 3], data } });
    assertClose(session.forward(data), output.data, TOLERANCE, operator);
  }
});
