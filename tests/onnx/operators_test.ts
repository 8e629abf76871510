/** The operators that are not recurrent, in every version from 7 on, compared with onnxruntime. */
import { assertEquals } from "@std/assert";
import { OnnxModel } from "../../onnx.ts";
import { encode } from "../../src/onnx/format/protobuf.ts";
import { MODEL } from "../../src/onnx/format/schema.ts";
import { attributeMessages, type AttributeValues } from "../../src/onnx/export/graph_writer.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { type Input, onnxruntime } from "../support/onnx/onnxruntime.ts";

/** Functions of both have errors of some 1e-7. */
const TOLERANCE = { atol: 1e-6, rtol: 1e-6 };

/** The versions of the operator set to test. */
const FIRST = 7, LAST = 21;

/** A node with its inputs in order. Inputs of plain arrays are int64. */
interface Node {
  readonly operator: string;
  readonly inputs: readonly Input[];
  readonly attributes?: AttributeValues;
  /** The number of outputs. Default: 1. */
  readonly outputs?: number;
  /** The element type of the outputs by its number in a file. Default: float. */
  readonly type?: number;
  /** The first version in which the node has this form. Default: `FIRST`. */
  readonly from?: number;
  /** The last version in which the node has this form. Default: `LAST`. */
  readonly to?: number;
}

const INT64 = 7, BOOL = 9;

/** Different floats between -3 and 3. */
function floats(...shape: number[]): Input {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, i) => ((i * 37 + 11) % 101) / 17 - 3) };
}

const ints = (...data: number[]): Input => ({ shape: [data.length], data });
const int = (number: number): Input => ({ shape: [], data: [number] });
const x = floats(2, 3, 4), one = floats(1, 3, 1, 2);
const far = 2 ** 53;

const NODES: readonly Node[] = [
  { operator: "Gather", inputs: [x, { shape: [2, 2], data: [0, 3, 1, 1] }], attributes: { axis: 2 } },
  { operator: "Gather", inputs: [x, int(-1)], attributes: { axis: -2 }, from: 11 },
  { operator: "MatMul", inputs: [x, floats(4, 5)] },
  { operator: "MatMul", inputs: [floats(4), floats(2, 4, 3)] },
  { operator: "MatMul", inputs: [x, floats(4)] },
  {
    operator: "Gemm",
    inputs: [floats(3, 4), floats(5, 4), floats(5)],
    attributes: { transB: 1, alpha: { real: 0.5 }, beta: { real: 2 } },
  },
  { operator: "Gemm", inputs: [floats(4, 3), floats(4, 5), floats(3, 1)], attributes: { transA: 1 } },
  { operator: "Gemm", inputs: [floats(3, 4), floats(4, 5)], from: 11 },
  ...["Add", "Sub", "Mul", "Div"].flatMap((operator): Node[] => [
    { operator, inputs: [x, floats(3, 1)] },
    { operator, inputs: [ints(7, -7, 3), ints(2)], type: INT64 },
  ]),
  { operator: "Pow", inputs: [x, { shape: [], data: Float32Array.of(2) }] },
  { operator: "Pow", inputs: [{ shape: [4], data: Float32Array.of(0.125, 0.25, 2, 9) }, floats(2, 1)], from: 12 },
  { operator: "Sqrt", inputs: [{ shape: [3], data: Float32Array.of(0, 2, 9) }] },
  { operator: "Less", inputs: [x, floats(4)], type: BOOL, from: 9 },
  { operator: "Equal", inputs: [ints(1, 2, 3), ints(2)], type: BOOL },
  { operator: "Transpose", inputs: [x] },
  { operator: "Transpose", inputs: [x], attributes: { perm: [1, 0, 2] } },
  { operator: "Squeeze", inputs: [one], attributes: { axes: [0, 2] }, to: 12 },
  { operator: "Squeeze", inputs: [one, ints(-2)], from: 13 },
  { operator: "Squeeze", inputs: [one] },
  { operator: "Unsqueeze", inputs: [x], attributes: { axes: [0, 3] }, to: 12 },
  { operator: "Unsqueeze", inputs: [x, ints(0, -1)], from: 13 },
  { operator: "Reshape", inputs: [x, ints(0, -1, 2)] },
  { operator: "Reshape", inputs: [floats(2, 0, 3), ints(0, 5)], attributes: { allowzero: 1 }, from: 14 },
  { operator: "Slice", inputs: [x], attributes: { starts: [1, -3], ends: [3, 100], axes: [1, 2] }, to: 9 },
  { operator: "Slice", inputs: [x], attributes: { starts: [1, 0], ends: [2, -1] }, to: 9 },
  { operator: "Slice", inputs: [x, ints(1, -3), ints(3, 100), ints(1, 2)], from: 10 },
  { operator: "Slice", inputs: [x, ints(-1, 0), ints(-far, 4), ints(1, -1), ints(-1, 2)], from: 10 },
  { operator: "Slice", inputs: [x, ints(1), ints(far)], from: 10 },
  { operator: "Concat", inputs: [x, floats(2, 1, 4)], attributes: { axis: 1 } },
  { operator: "Concat", inputs: [x, floats(2, 3, 1)], attributes: { axis: -1 }, from: 11 },
  { operator: "Split", inputs: [x], attributes: { axis: 2, split: [1, 3] }, outputs: 2, to: 12 },
  { operator: "Split", inputs: [x], attributes: { axis: 2 }, outputs: 2, to: 17 },
  { operator: "Split", inputs: [x, ints(1, 3)], attributes: { axis: 2 }, outputs: 2, from: 13 },
  { operator: "Split", inputs: [x], attributes: { axis: 1, num_outputs: 2 }, outputs: 2, from: 18 },
  { operator: "Shape", inputs: [x], type: INT64 },
  { operator: "Shape", inputs: [x], attributes: { start: -2, end: -1 }, type: INT64, from: 15 },
  { operator: "Expand", inputs: [floats(3, 1), ints(2, 1, 4)], from: 8 },
  { operator: "ConstantOfShape", inputs: [ints(2, 3)], from: 9 },
  { operator: "Where", inputs: [floats(3, 1), x, floats(4)], from: 9 },
  { operator: "OneHot", inputs: [ints(1, -1, 7), ints(3), floats(2)], attributes: { axis: 0 }, from: 9 },
  { operator: "Range", inputs: [int(5), int(-2), int(-2)], type: INT64, from: 11 },
  ...["Softmax", "LogSoftmax"].flatMap((operator): Node[] => [
    { operator, inputs: [x] },
    ...[0, 1, 2].map((axis) => ({ operator, inputs: [x], attributes: { axis } })),
  ]),
  ...["Tanh", "Sigmoid", "Relu", "Elu", "LeakyRelu", "HardSigmoid", "Softplus", "Softsign", "Identity", "Flatten"].map(
    (operator): Node => ({ operator, inputs: [x] }),
  ),
  { operator: "ThresholdedRelu", inputs: [x], from: 10 },
  { operator: "Cast", inputs: [x], attributes: { to: INT64 }, type: INT64 },
  { operator: "Cast", inputs: [x], attributes: { to: BOOL }, type: BOOL },
  { operator: "Cast", inputs: [ints(3, -3)], attributes: { to: 1 } },
  { operator: "ReduceSum", inputs: [x], attributes: { axes: [1], keepdims: 0 }, to: 12 },
  { operator: "ReduceSum", inputs: [x, ints(1)], attributes: { keepdims: 0 }, from: 13 },
  { operator: "ReduceSum", inputs: [x], attributes: { noop_with_empty_axes: 1 }, from: 13 },
  ...["ReduceMean", "ReduceMax"].flatMap((operator): Node[] => [
    { operator, inputs: [x] },
    { operator, inputs: [x], attributes: { axes: [0, 2] }, to: 17 },
    { operator, inputs: [x, ints(0, -1)], from: 18 },
  ]),
  { operator: "LayerNormalization", inputs: [x, floats(4), floats(4)], attributes: { axis: -1 }, from: 17 },
  { operator: "LayerNormalization", inputs: [x, floats(3, 4)], attributes: { axis: 1 }, from: 17 },
];

/** A model of one node without constants, whose extents are all free. */
function model({ operator, inputs, attributes = {}, outputs = 1, type = 1 }: Node, version: number): Uint8Array {
  const value = (name: string, element: number, shape?: readonly number[]) => {
    const dim = shape?.map((_, i) => ({ symbol: `${name}${i}` }));
    return { name, type: { tensor: { element, shape: dim && { dim } } } };
  };
  const names = inputs.map((_, i) => `in${i}`), results = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const node = [{ operator, input: names, output: results, attribute: attributeMessages(attributes) }];
  // The condition is an input of floats, which the model casts.
  if (operator === "Where") {
    node[0].input = ["condition", ...names.slice(1)];
    const cast = attributeMessages({ to: BOOL });
    node.unshift({ operator: "Cast", input: ["in0"], output: ["condition"], attribute: cast });
  }
  const graph = {
    node,
    name: "g",
    initializer: [],
    input: inputs.map(({ shape, data }, i) => value(names[i], data instanceof Float32Array ? 1 : INT64, shape)),
    output: results.map((name) => value(name, type)),
  };
  return encode(MODEL, { irVersion: version < 10 ? 4 : version < 15 ? 7 : 8, graph, opset: [{ version }] });
}

for (const operator of new Set(NODES.map(({ operator }) => operator))) {
  Deno.test(`${operator} computes what onnxruntime does, in every version`, async () => {
    for (const node of NODES.filter((node) => node.operator === operator)) {
      const { from = FIRST, to = LAST, inputs } = node;
      const named = Object.fromEntries(inputs.map((input, i) => [`in${i}`, input]));
      for (let version = from; version <= to; version++) {
        const bytes = model(node, version), expected = await onnxruntime(bytes, named);
        using read = OnnxModel.load(bytes);
        const actual = await read.run(named);
        assertEquals(Object.keys(actual), Object.keys(expected));
        for (const [name, { shape, data }] of Object.entries(expected)) {
          const what = `${name} of ${JSON.stringify(node.attributes ?? {})} in version ${version}`;
          assertEquals([...actual[name].shape], [...shape], what);
          assertClose(actual[name].data, data, TOLERANCE, what);
        }
      }
    }
  });
}
