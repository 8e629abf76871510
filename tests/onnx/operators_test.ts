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
  /** The first input that is a constant of the model, as all behind it. Default: none is. */
  readonly constantFrom?: number;
  /** The first version in which the node has this form. Default: `FIRST`. */
  readonly from?: number;
  /** The last version in which the node has this form. Default: `LAST`. */
  readonly to?: number;
}

const INT32 = 6, INT64 = 7, BOOL = 9;

/** Different floats between -3 and 3. */
function floats(...shape: number[]): Input {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, i) => ((i * 37 + 11) % 101) / 17 - 3) };
}

const ints = (...data: number[]): Input => ({ shape: [data.length], data });
const int = (number: number): Input => ({ shape: [], data: [number] });
const x = floats(2, 3, 4), one = floats(1, 3, 1, 2);
const far = 2 ** 53;
const signal = floats(2, 4, 9), image = floats(1, 2, 5, 6);

/** Convolutions of every kind: with weights that are inputs, or constants whose products run on kernels. */
const CONVOLUTIONS = [undefined, 1].flatMap((constantFrom): Node[] => [
  { operator: "Conv", inputs: [signal, floats(3, 4, 3), floats(3)], constantFrom },
  { operator: "Conv", inputs: [signal, floats(3, 4, 3)], attributes: { pads: [2, 1], strides: [2] }, constantFrom },
  { operator: "Conv", inputs: [signal, floats(4, 4, 2)], attributes: { dilations: [3] }, constantFrom },
  { operator: "Conv", inputs: [signal, floats(6, 2, 3), floats(6)], attributes: { group: 2 }, constantFrom },
  {
    operator: "Conv",
    inputs: [signal, floats(8, 1, 3), floats(8)],
    attributes: { group: 4, auto_pad: "SAME_UPPER" },
    constantFrom,
  },
  { operator: "Conv", inputs: [signal, floats(5, 4, 1)], constantFrom },
  {
    operator: "Conv",
    inputs: [image, floats(3, 2, 2, 3), floats(3)],
    attributes: { pads: [1, 0, 0, 2], strides: [2, 1], dilations: [1, 2] },
    constantFrom,
  },
]);

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
  ...CONVOLUTIONS,
  { operator: "MatMul", inputs: [floats(2, 1, 3, 4), floats(3, 4, 2)] },
  { operator: "MatMul", inputs: [x, floats(4, 11)], constantFrom: 1 },
  { operator: "MatMul", inputs: [floats(3, 3, 4), floats(3, 4, 2)], constantFrom: 1 },
  {
    operator: "Gemm",
    inputs: [floats(3, 4), floats(9, 4), floats(3, 1)],
    attributes: { transB: 1, alpha: { real: 0.5 }, beta: { real: 2 } },
    constantFrom: 1,
  },
  { operator: "Gemm", inputs: [floats(4, 3), floats(4, 5), floats(5)], attributes: { transA: 1 }, constantFrom: 1 },
  { operator: "Gather", inputs: [floats(5, 3), { shape: [2, 2], data: Int32Array.of(4, 0, 1, 1) }], type: 1 },
  { operator: "Mul", inputs: [x, floats(3, 1)], constantFrom: 1 },
  { operator: "Div", inputs: [x, floats(1)], constantFrom: 1 },
  { operator: "Pad", inputs: [x], attributes: { pads: [0, 1, 2, 0, 0, 1], mode: "reflect" }, to: 10 },
  { operator: "Pad", inputs: [x], attributes: { pads: [0, 1, 2, 0, 0, -1], value: { real: 3 } }, to: 10 },
  ...["reflect", "edge", "constant"].map((mode): Node => {
    return { operator: "Pad", inputs: [x, ints(0, 1, 2, 0, 0, 1)], attributes: { mode }, from: 11 };
  }),
  { operator: "Pad", inputs: [x, ints(0, 1, 2, 0, 0, -1), { shape: [], data: Float32Array.of(7) }], from: 11 },
  { operator: "Pad", inputs: [x, ints(1, 2), { shape: [], data: Float32Array.of(7) }, ints(-1)], from: 18 },
  { operator: "Size", inputs: [x], type: INT64 },
  { operator: "Tile", inputs: [x, ints(2, 1, 3)] },
  { operator: "MaxPool", inputs: [image], attributes: { kernel_shape: [2, 3], strides: [1, 2], pads: [0, 1, 1, 1] } },
  {
    operator: "MaxPool",
    inputs: [image],
    attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 },
    from: 10,
  },
  {
    operator: "AveragePool",
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
  },
  { operator: "AveragePool", inputs: [signal], attributes: { kernel_shape: [4], auto_pad: "SAME_LOWER" } },
  { operator: "GlobalAveragePool", inputs: [image] },
  { operator: "GlobalMaxPool", inputs: [image] },
  ...[undefined, 1].map((constantFrom): Node => ({
    operator: "BatchNormalization",
    inputs: [image, floats(2), floats(2), floats(2), { shape: [2], data: Float32Array.of(2, 0.5) }],
    from: 9,
    constantFrom,
  })),
  { operator: "InstanceNormalization", inputs: [image, floats(2), floats(2)] },
  { operator: "Clip", inputs: [x], attributes: { min: { real: -1 }, max: { real: 2 } }, to: 10 },
  { operator: "Clip", inputs: [x, { shape: [], data: Float32Array.of(-1) }], from: 11, constantFrom: 1 },
  ...["Max", "Min"].flatMap((operator): Node[] => [
    { operator, inputs: [x, floats(3, 1)], from: 8 },
    { operator, inputs: [x, floats(4), floats(1)], from: 8 },
  ]),
  ...["Sum", "Mean"].map((operator): Node => ({ operator, inputs: [x, floats(3, 1), floats(4)], from: 8 })),
  ...["Neg", "Abs", "Exp", "Floor", "Ceil", "Sin", "Cos"].map((operator): Node => {
    return { operator, inputs: [x] };
  }),
  ...["Log", "Reciprocal"].map((operator): Node => {
    return { operator, inputs: [{ shape: [3], data: Float32Array.of(0.5, 1, 7) }] };
  }),
  { operator: "Selu", inputs: [x] },
  { operator: "Erf", inputs: [x], from: 9 },
  { operator: "Sign", inputs: [x], from: 9 },
  { operator: "Round", inputs: [{ shape: [5], data: Float32Array.of(0.5, 1.5, -0.5, -2.5, 2.4) }], from: 11 },
  { operator: "HardSwish", inputs: [x], from: 14 },
  { operator: "Gelu", inputs: [x], from: 20 },
  { operator: "Gelu", inputs: [x], attributes: { approximate: "tanh" }, from: 20 },
  ...["Greater", "GreaterOrEqual", "LessOrEqual"].map((operator, i): Node => {
    return { operator, inputs: [x, floats(4)], type: BOOL, from: i ? 12 : 9 };
  }),
  { operator: "Mod", inputs: [ints(7, -7, 5), ints(3)], type: INT64, from: 10 },
  { operator: "ArgMax", inputs: [x], attributes: { axis: 1, keepdims: 0 }, type: INT64 },
  { operator: "ArgMin", inputs: [x], attributes: { axis: -1, select_last_index: 1 }, type: INT64, from: 12 },
  { operator: "TopK", inputs: [x, ints(2)], attributes: { axis: 1 }, outputs: 2, from: 10 },
  {
    operator: "GatherElements",
    inputs: [x, { shape: [1, 2, 4], data: [0, 2, 1, -1, 2, 2, 0, 1] }],
    attributes: { axis: 1 },
    from: 11,
  },
  {
    operator: "ScatterElements",
    inputs: [x, { shape: [1, 2, 2], data: [0, 2, 1, -1] }, floats(1, 2, 2)],
    attributes: { axis: 1 },
    from: 11,
  },
  { operator: "CumSum", inputs: [x, int(1)], attributes: { reverse: 1, exclusive: 1 }, from: 11 },
  ...["ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"].flatMap(
    (operator): Node[] => [
      { operator, inputs: [x], attributes: { axes: [0, 2], keepdims: 0 }, to: 17 },
      { operator, inputs: [x, ints(0, -1)], from: 18 },
    ],
  ),
  { operator: "LayerNormalization", inputs: [x, floats(4), floats(4)], attributes: { axis: -1 }, from: 17 },
  { operator: "LayerNormalization", inputs: [x, floats(3, 4)], attributes: { axis: 1 }, from: 17 },
];

function elementOf(data: Input["data"]): number {
  return data instanceof Float32Array ? 1 : data instanceof Int32Array ? INT32 : INT64;
}

/** A model of one node, the extents of whose inputs are all free. */
function model(node: Node, version: number): Uint8Array {
  const { operator, inputs, attributes = {}, outputs = 1, type = 1, constantFrom = Infinity } = node;
  const value = (name: string, element: number, shape?: readonly number[]) => {
    const dim = shape?.map((_, i) => ({ symbol: `${name}${i}` }));
    return { name, type: { tensor: { element, shape: dim && { dim } } } };
  };
  const names = inputs.map((_, i) => `in${i}`), results = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const nodes = [{ operator, input: names, output: results, attribute: attributeMessages(attributes) }];
  // The condition is an input of floats, which the model casts.
  if (operator === "Where") {
    nodes[0].input = ["condition", ...names.slice(1)];
    const cast = attributeMessages({ to: BOOL });
    nodes.unshift({ operator: "Cast", input: ["in0"], output: ["condition"], attribute: cast });
  }
  const graph = {
    node: nodes,
    name: "g",
    initializer: inputs.slice(constantFrom).map(({ shape, data }, i) => {
      return { name: names[constantFrom + i], dims: shape, type: 1, floats: data };
    }),
    input: inputs.slice(0, constantFrom).map(({ shape, data }, i) => value(names[i], elementOf(data), shape)),
    output: results.map((name, i) => value(name, operator === "TopK" && i ? INT64 : type)),
  };
  return encode(MODEL, { irVersion: version < 10 ? 4 : version < 15 ? 7 : 8, graph, opset: [{ version }] });
}

for (const operator of new Set(NODES.map(({ operator }) => operator))) {
  Deno.test(`${operator} computes what onnxruntime does, in every version`, async () => {
    for (const node of NODES.filter((node) => node.operator === operator)) {
      const { from = FIRST, to = LAST, inputs } = node;
      const named = Object.fromEntries(inputs.slice(0, node.constantFrom).map((input, i) => [`in${i}`, input]));
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
