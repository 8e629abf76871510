/** Every file of writeOnnx can be read as layers again, whatever its options. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { compile, FormatError, type Session } from "../../mod.ts";
import { OnnxModel, type OnnxWriteOptions, writeOnnx } from "../../onnx.ts";
import { compare } from "../../src/onnx/import/masks.ts";
import { GraphWriter } from "../../src/onnx/export/graph_writer.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { NETS, parametersOf, PROJECTED } from "../support/onnx/nets.ts";

/** The recurrent weights of a projection are computed from a product in f32. */
const TOLERANCE = { atol: 4e-6, rtol: 4e-6 };

const VARIANTS: readonly OnnxWriteOptions[] = [
  {},
  { batchFirst: true },
  { lengths: true },
  { softmax: true, lengths: true, batchFirst: true },
  { states: true, softmax: true },
  { states: true, lengths: true, batchFirst: true },
];

/** The layers of a graph get other names. Layers and parameters of the same kind stay in order. */
for (const [name, net] of Object.entries({ ...NETS, ...PROJECTED })) {
  Deno.test(`the ONNX model of a net can be read as layers: ${name}`, async () => {
    const parameters = parametersOf(net), isProjected = name in PROJECTED;
    // With states as inputs, learned states are not in the file.
    for (const options of VARIANTS.filter(({ states }) => !(states && (isProjected || name.startsWith("learned"))))) {
      using model = OnnxModel.load(writeOnnx(net, parameters, options));
      const { layer, parameters: read, batchFirst, head } = model.net();
      assertEquals(head, options.softmax ? "softmax" : undefined);
      // Without a layer over time, the order of steps and rows is unknown.
      assertEquals(batchFirst, options.batchFirst === true && !name.startsWith("activations"));
      using session = await compile(layer, { batch: 2, steps: 4, batchFirst, numerics: "exact" });
      using original = await compile(net, { batch: 2, steps: 4, batchFirst, numerics: "exact" });
      session.setParameters(read);
      original.setParameters(parameters);
      if (name !== "activations with numbers" && !name.startsWith("notesGru") && !isProjected) {
        const all = (session: Session) => [...session.parameters().values()];
        assertEquals(all(session), all(original));
      }
      if (isProjected) assertEquals(shapes(session), shapes(original));
      const n = net.input.kind === "tokens" ? 8 : 8 * net.input.width;
      const x = Array.from({ length: n }, (_, i) => net.input.kind === "tokens" ? i % 7 : (i % 11) / 4 - 1);
      const lengths = options.lengths ? [4, 2] : undefined;
      assertClose(session.forward(x, { lengths }), original.forward(x, { lengths }), TOLERANCE, "output");
    }
  });
}

function shapes(session: Session): (readonly number[])[] {
  return [...session.parameters().values()].map(({ shape }) => shape);
}

/** A model of one GRU with pooling that leaves out padding, whose GRU has the weights of two directions or one. */
function pooled({ directions, ownLengths = false, swap = false, first = 0, divide = "lengths" }: {
  directions: 1 | 2;
  ownLengths?: boolean;
  swap?: boolean;
  first?: number;
  divide?: "lengths" | "other" | "nothing";
}): Uint8Array {
  const graph = new GraphWriter(), H = 2, D = directions;
  const x = graph.input("x", "float", ["T", "B", 3]);
  const lengths = graph.input("lengths", "int32", ["B"]), other = graph.input("other", "int32", ["B"]);
  const numbers = (...shape: number[]) =>
    graph.constant("weights", shape, Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)));
  const inputs = [x, numbers(D, 3 * H, 3), numbers(D, 3 * H, H), "", ownLengths ? other : ""];
  const attributes = { hidden_size: H, direction: D === 2 ? "bidirectional" : undefined };
  const [Y] = graph.nodes("GRU", inputs, attributes, ["Y"]);
  const rows = graph.node("Transpose", [Y], { perm: [0, 2, 1, 3] });
  const h = graph.node("Reshape", [rows, graph.integers([0, 0, D * H])]);
  const T = graph.node("Gather", [graph.node("Shape", [x]), graph.integers(0)]);
  const end = graph.node("Add", [T, graph.integers(first)]);
  const numbersOfSteps = graph.node("Range", [graph.integers(first), end, graph.integers(1)]);
  const column = graph.node("Unsqueeze", [numbersOfSteps, graph.integers([1])]);
  const long = graph.node("Cast", [lengths], { to: 7 });
  const within = graph.node("Less", swap ? [long, column] : [column, long]);
  const mask = graph.node("Unsqueeze", [within, graph.integers([2])]);
  const sum = graph.node("ReduceSum", [graph.node("Where", [mask, h, graph.number(0)]), graph.integers([0])], {
    keepdims: 0,
  });
  const by = divide === "other" ? other : lengths;
  const count = graph.node("Unsqueeze", [graph.node("Cast", [by], { to: 1 }), graph.integers([1])]);
  const mean = divide === "nothing" ? graph.node("Relu", [sum]) : graph.node("Div", [sum, count]);
  graph.output("output", mean, ["B", D * H]);
  return graph.finish("pooled");
}

Deno.test("every comparison of steps and lengths is a mask of the steps within, or of those behind", () => {
  const T = 3, B = 2, bits = (numbers: readonly number[]) => Int32Array.from(numbers);
  const lengths = { source: 'input "l"', indices: { type: "int64", shape: [B], data: bits([0, 1]) }, isInteger: true };
  const steps = (first: number) => {
    return { tensor: { type: "int64", shape: [T, 1], data: bits([0, 1, 2].map((t) => t + first)) } };
  };
  const mask = (operator: string, ...inputs: unknown[]) => {
    const [found] = compare(undefined as never, { operator, label: "it" } as never, inputs as never);
    const { indices: { data }, isMask } = found as { indices: { data: ArrayLike<number> }; isMask: object };
    return { data: [...Array.from(data)], ...isMask };
  };
  const expected = (isWithin: boolean) => ({ data: [0, 1, 2, 3, 4, 5], lengths: 'input "l"', B, isWithin });
  assertEquals(mask("Less", steps(0), lengths), expected(true)); // t < l
  assertEquals(mask("LessOrEqual", steps(1), lengths), expected(true)); // t + 1 <= l
  assertEquals(mask("GreaterOrEqual", steps(0), lengths), expected(false)); // t >= l
  assertEquals(mask("Greater", steps(1), lengths), expected(false)); // t + 1 > l
  assertEquals(mask("Greater", lengths, steps(0)), expected(true)); // l > t
  assertEquals(mask("GreaterOrEqual", lengths, steps(1)), expected(true)); // l >= t + 1
  assertEquals(mask("LessOrEqual", lengths, steps(0)), expected(false)); // l <= t
  assertEquals(mask("Less", lengths, steps(1)), expected(false)); // l < t + 1
});

Deno.test("masks that are not those of a session's lengths are refused", () => {
  const refused = (bytes: Uint8Array, message: string) => {
    using model = OnnxModel.load(bytes);
    assertStringIncludes(assertThrows(() => model.net(), FormatError).message, message);
  };
  OnnxModel.load(pooled({ directions: 1 })).net();
  refused(pooled({ directions: 2 }), 'it leaves out the padding, and node "GRU" (GRU) does not');
  refused(pooled({ directions: 1, ownLengths: true }), 'it reads other lengths than input "other": input "lengths"');
  refused(pooled({ directions: 1, swap: true }), "steps have the numbers 0, 1, 2");
  refused(pooled({ directions: 1, first: 1 }), "its mask is not that of its steps");
  refused(pooled({ directions: 1, divide: "other" }), "the lengths of rows whose steps were added");
  refused(pooled({ directions: 1, divide: "nothing" }), "it reads the sum of steps, of which only the mean is a layer");
});

Deno.test("a softmax within a net is refused", () => {
  const graph = new GraphWriter(), x = graph.input("x", "float", ["T", "B", 3]);
  const weight = graph.constant("w", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const softmax = graph.node("Softmax", [graph.node("MatMul", [x, weight])], { axis: -1 });
  graph.output("output", graph.node("MatMul", [softmax, weight]), ["T", "B", 3]);
  using model = OnnxModel.load(graph.finish("softmax"));
  assertStringIncludes(
    assertThrows(() => model.net(), FormatError).message,
    "a softmax is supported at the end of a model only",
  );
});
