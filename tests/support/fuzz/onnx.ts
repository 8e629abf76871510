import { compile } from "../../../mod.ts";
import { type OnnxInput, OnnxModel } from "../../../onnx.ts";
import { decode, encode } from "../../../src/onnx/format/protobuf.ts";
import { MODEL } from "../../../src/onnx/format/schema.ts";
import { OPERATORS } from "../../../src/onnx/run/operators/operators.ts";
import exported from "../../fixtures/onnx/external.json" with { type: "json" };
import { MODELS } from "../onnx/models.ts";
import { editBytes, editValue, pick, placesOf, type Value } from "./edits.ts";
import type { Format } from "./format.ts";

/** PyTorch's export with its weights in a file beside it. */
const external = Uint8Array.fromBase64(exported.files["m.onnx.data"]);
const seeds = [Uint8Array.fromBase64(exported.files["m.onnx"])]
  .concat(MODELS.map(({ bytes }) => bytes).filter(({ length }) => length < 20_000));
const trees: Value[] = seeds.map((bytes) => decode(MODEL, bytes));
const pool = placesOf(trees);
const OPERATOR_NAMES = [...Object.keys(OPERATORS), "RNN", "GRU", "LSTM"];
const SHAPERS = ["ConstantOfShape", "Expand", "Reshape", "Range", "OneHot", "Slice", "Gather", "Split", "Unsqueeze"];
const EXTENTS = [0, 1, -1, 2, 3, 100, 65536, 2 ** 24, 2 ** 28, 2 ** 31, 2 ** 40, 2 ** 53, -(2 ** 31)];

/** A node in front of the others that makes a tensor of a shape in the file. */
function addShaper(graph: Value, random: Parameters<Format["make"]>[0]): void {
  const longs = Array.from({ length: random.integer(5) }, () => pick(random, EXTENTS));
  const names = [
    "S",
    ...graph.initializer.map(({ name }: Value) => name),
    ...graph.input.map(({ name }: Value) => name),
  ];
  graph.initializer.push({
    name: "S",
    dims: [longs.length],
    type: 7,
    longs,
    floats: [],
    ints: [],
    doubles: [],
    unsigned: [],
  });
  const input = Array.from({ length: 1 + random.integer(3) }, () => pick(random, names));
  graph.node.unshift({ operator: pick(random, SHAPERS), input, output: ["Q"], attribute: [] });
  graph.output.push({ name: "Q", type: { tensor: { element: 1 } } });
}

/** Models of the tests with faults in their bytes, and in their messages. */
export const onnx: Format<Uint8Array> = {
  make(random) {
    if (!random.integer(4)) return editBytes(pick(random, seeds), random);
    const tree = editValue(pick(random, trees), random, { pool, typed: true });
    const { graph } = tree;
    try {
      if (graph?.node.length && !random.integer(5)) {
        pick<Value>(random, graph.node).operator = pick(random, OPERATOR_NAMES);
      }
      if (graph && !random.integer(5)) addShaper(graph, random);
      return encode(MODEL, tree);
    } catch { // a message without what the schema asks for, or a number too large for it
      return editBytes(pick(random, seeds), random);
    }
  },
  async read(bytes, random) {
    const model = OnnxModel.load(bytes, { external });
    try {
      if (!random.integer(2)) return model;
      const { layer, parameters, batchFirst } = model.net();
      if (random.integer(10)) return model;
      using session = await compile(layer, { batch: 2, steps: 3, batchFirst });
      session.setParameters(parameters);
    } catch (error) {
      model[Symbol.dispose]();
      throw error;
    }
    return model;
  },
  async use(result: OnnxModel, random) {
    using model = result;
    const sizes = new Map<string, number>();
    const inputs: [string, OnnxInput][] = [];
    for (const { name, type, shape: declared = [2, 3] } of model.inputs) {
      const shape = declared.map((extent) => {
        if (typeof extent === "number") return extent;
        if (!sizes.has(extent)) sizes.set(extent, 1 + random.integer(3));
        return sizes.get(extent)!;
      });
      const length = shape.reduce((a, b) => a * b, 1);
      if (!(length >= 0 && length < 20_000)) return;
      const element = (i: number) => /int/.test(type) ? random.integer(4) : i / 10 - 1;
      inputs.push([name, { shape, data: Array.from({ length }, (_, i) => element(i)) }]);
    }
    await model.run(Object.fromEntries(inputs));
  },
  size: ({ length }) => length,
};
