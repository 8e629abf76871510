/** Small ONNX files that claim much: each is refused by a FormatError, with little work and memory. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FormatError, OptionError } from "../../mod.ts";
import { OnnxModel } from "../../onnx.ts";
import { encode } from "../../src/onnx/format/protobuf.ts";
import { MODEL } from "../../src/onnx/format/schema.ts";
import { within } from "../support/work.ts";

type Extent = number | string;

const value = (name: string, dims: Extent[] = [2], element = 1) => {
  const dim = dims.map((extent) => typeof extent === "number" ? { size: extent } : { symbol: extent });
  return { name, type: { tensor: { element, shape: { dim } } } };
};
const ints = (name: string, ...longs: number[]) => ({ name, dims: [longs.length], type: 7, longs });
const zeros = (name: string, ...dims: number[]) => {
  return { name, dims, type: 1, raw: new Uint8Array(4 * dims.reduce((a, b) => a * b, 1)) };
};
const one = { name: "w", dims: [1], type: 1, floats: [1] }, values = { name: "v", dims: [2], type: 1, floats: [0, 1] };
const node = (operator: string, input: string[], attribute: object[] = [], output = ["y"]) => {
  return { operator, input, output, attribute };
};
const axis = (int: number) => ({ name: "axis", type: 2, int });
function file(nodes: object[], initializer: object[], input = [value("x")], output = "y"): Uint8Array {
  const graph = { node: nodes, name: "g", initializer, input, output: [value(output)] };
  return encode(MODEL, { irVersion: 8, opset: [{ version: 17 }], graph });
}

/** Nodes one after the other, from `x0` to the last. */
function chain(operator: string, count: number, first = "x0"): object[] {
  return Array.from({ length: count }, (_, i) => node(operator, [i ? `x${i}` : first], [], [`x${i + 1}`]));
}

const HUGE = [2 ** 27, 2 ** 30, 2 ** 40, 2 ** 53, -1, -(2 ** 40)];

/** Files by what is wrong with them; `load` and `net` of a file must refuse it together. */
const CASES: Record<string, Uint8Array> = {
  "an empty tensor with a huge outer extent": file([node("Concat", ["a", "a"], [axis(1)])], [zeros("a", 2 ** 40, 0)]),
  "many gathers along an empty axis": file(
    [node("Gather", ["a", "i"], [axis(1)])],
    [zeros("a", 2 ** 29, 1, 0), ints("i")],
  ),
  "an empty tensor of 2^50 rows, reduced": file([node("ReduceSum", ["a", "i"])], [
    zeros("a", 2 ** 50, 0),
    ints("i", 1),
  ]),
  "a tensor of 1000 dimensions": file([node("Identity", ["a"])], [zeros("a", ...new Array(1000).fill(1))]),
  "a big product of expanded matrices": file(
    [node("Expand", ["w", "s"], [], ["a"]), node("MatMul", ["a", "a"])],
    [one, ints("s", 1024, 1024)],
  ),
  "thousands of copies of one expanded tensor": file(
    [node("Expand", ["w", "s"]), ...chain("Relu", 3000, "y")],
    [one, ints("s", 2 ** 20)],
    [value("x")],
    "x3000",
  ),
  "thousands of layers over one large input": file(chain("Relu", 3000), [], [value("x0", [2 ** 19, 4])], "x3000"),
  "a join of thousands of empty tensors": file(
    [node("Concat", new Array(30_000).fill("a"), [axis(1)])],
    [zeros("a", 2 ** 20, 0)],
  ),
  "an LSTM without weights": file([node("LSTM", ["x", "", ""])], [], [value("x", [3, 2, 4])]),
  "an LSTM without recurrent weights": file([node("LSTM", ["x", "a", ""])], [zeros("a", 1, 16, 4)], [
    value("x", [3, 2, 4]),
  ]),
  "two thousand LSTMs of the same weights": file(
    Array.from({ length: 2000 }, (_, i) => [
      node("LSTM", [`x${i}`, "w", "r"], [], [`y${i}`]),
      node("Squeeze", [`y${i}`, "one"], [], [`x${i + 1}`]),
    ]).flat(),
    [zeros("w", 1, 512, 128), zeros("r", 1, 512, 128), ints("one", 1)],
    [value("x0", ["T", "B", 128])],
    "x2000",
  ),
  "thousands of residual layers inside each other": file(
    [
      ...chain("Relu", 3000),
      ...Array.from(
        { length: 3000 },
        (_, i) => node("Add", [i ? `y${i}` : "x3000", `x${2999 - i}`], [], [`y${i + 1}`]),
      ),
    ],
    [],
    [value("x0", ["T", "B", 4])],
    "y3000",
  ),
  "thousands of values that are joined one by one": file(
    Array.from({ length: 4000 }, (_, i) => [
      node("Relu", [`x${i}`], [], [`x${i + 1}`]),
      node("Concat", [i ? `y${i}` : "x0", `x${i + 1}`], [axis(2)], [`y${i + 1}`]),
    ]).flat(),
    [],
    [value("x0", [1, 1, 1])],
    "y4000",
  ),
  "thousands of squeezes along one list of axes": file(
    Array.from({ length: 3000 }, (_, i) => [
      node("Squeeze", [i ? `x${i}` : "w", "axes"], [], [`y${i}`]),
      node("Unsqueeze", [`y${i}`, "zero"], [], [`x${i + 1}`]),
    ]).flat(),
    [one, ints("zero", 0), ints("axes", ...new Array(100_000).fill(0))],
    [],
    "x3000",
  ),
  "two million empty nodes": encode({ 7: { name: "graph", kind: "bytes" } }, {
    graph: new Uint8Array(4_000_000).map((_, i) => i % 2 ? 0 : 0x0a),
  }),
};
for (const n of HUGE) {
  CASES[`ConstantOfShape ${n}`] = file([node("ConstantOfShape", ["s"])], [ints("s", n)]);
  CASES[`ConstantOfShape [${n}, 0]`] = file([node("ConstantOfShape", ["s"])], [ints("s", n, 0)]);
  CASES[`Expand [${n}, ${n}]`] = file([node("Expand", ["w", "s"])], [one, ints("s", n, n)]);
  CASES[`OneHot of depth ${n}`] = file([node("OneHot", ["i", "d", "v"])], [ints("i", 0), ints("d", n), values]);
  CASES[`an input of ${n}`] = file([node("Relu", ["x"])], [], [value("x", [n, 1])]);
  if (n > 0) CASES[`Range ${n}`] = file([node("Range", ["a", "b", "c"])], [ints("a", 0), ints("b", n), ints("c", 1)]);
}

for (const [name, bytes] of Object.entries(CASES)) {
  Deno.test(`refused with little work and memory: ${name}`, async () => {
    await within(bytes.length, () =>
      assertThrows(() => {
        using model = OnnxModel.load(bytes);
        model.net();
      }, FormatError));
  });
}

Deno.test("ten thousand layers are converted with as much work as their bytes allow", async () => {
  const bytes = file(chain("Relu", 10_000), [], [value("x0", ["T", "B", 4])], "x10000");
  await within(bytes.length, () => {
    using model = OnnxModel.load(bytes);
    assertEquals(Object.keys(model.net().layer.parameters), []);
  });
});

Deno.test("a call of a small model takes little work and memory, or is refused", async () => {
  const expanded = (...shape: number[]) => {
    const nodes = [node("Expand", ["w", "s"], [], ["x"]), node("LSTM", ["x", "a", "a"])];
    return file(nodes, [one, ints("s", ...shape), zeros("a", 1, 4, 1)], []);
  };
  const files = {
    "a million steps": expanded(2 ** 20, 1, 1),
    "a million rows": expanded(1, 2 ** 20, 1),
    "a matrix of the shape in the file": file(
      [node("Expand", ["x", "s"], [], ["a"]), node("MatMul", ["a", "a"])],
      [ints("s", 4096, 4096)],
      [value("x", [1])],
    ),
    "two thousand LSTMs of the same weights": CASES["two thousand LSTMs of the same weights"],
  };
  for (const [name, bytes] of Object.entries(files)) {
    using model = OnnxModel.load(bytes);
    const inputs = Object.fromEntries(model.inputs.map(({ name, shape = [] }) => {
      const extents = shape.map((extent) => typeof extent === "number" ? extent : 1);
      return [name, { shape: extents, data: new Float32Array(extents.reduce((a, b) => a * b, 1)) }];
    }));
    await within(1e7, () => assertRejects(() => model.run(inputs), FormatError, "", name));
  }
});

Deno.test("raised limits read what the default ones refuse, and lower ones refuse more", async () => {
  const bytes = file([node("ConstantOfShape", ["s"])], [ints("s", 2 ** 24)], []);
  const { message } = assertThrows(() => OnnxModel.load(bytes), FormatError, '"limits.bytes"');
  assert(message.includes("Cannot read ONNX: it needs more than 67"));
  using model = OnnxModel.load(bytes, { limits: { bytes: 2 ** 29 } });
  assertEquals((await model.run({})).y.data.length, 2 ** 24);
  const small = file([node("Relu", ["x"])], []);
  OnnxModel.load(small)[Symbol.dispose]();
  assertThrows(() => OnnxModel.load(small, { limits: { bytes: 10 } }), FormatError, "more than 10 bytes");
  assertThrows(() => OnnxModel.load(small, { limits: { bytes: NaN } }), OptionError, '"bytes"');
  // What was refused does not count for the next model.
  OnnxModel.load(small)[Symbol.dispose]();
});
