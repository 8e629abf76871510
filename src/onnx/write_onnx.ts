import { flag, readOptions, type Table } from "../options.ts";
import type { Layer } from "../layers/layer.ts";
import { requireParameters, type Tensors } from "../runtime/state_dict.ts";
import type { ExportContext, ExportValue } from "./export/context.ts";
import { GraphWriter } from "./export/graph_writer.ts";
import { layerNodes } from "./export/layers.ts";

/** Options of `writeOnnx`. */
export interface OnnxWriteOptions {
  /**
   * Whether `x` and `output` are `[B, T, ...]` instead of `[T, B, ...]`, as in `compile`.
   *
   * @default false
   */
  batchFirst?: boolean;
  /**
   * Whether the model has an input `lengths`, int32 `[B]`: the number of steps of each row. Without it, all rows have T
   * steps.
   *
   * @default false
   */
  lengths?: boolean;
  /**
   * Whether initial states are inputs and final states outputs of the model. The inputs are `[B, H]` and have the names
   * of `session.states()`, such as `rnn.h_l0`. The outputs, the states after each row's last step, have `_n` appended:
   * `rnn.h_l0_n`. Without these inputs, initial states are zero or learned.
   *
   * @default false
   */
  states?: boolean;
  /**
   * Whether the output is the softmax of the net's output over the last dimension.
   *
   * @default false
   */
  softmax?: boolean;
}

const WRITE = {
  batchFirst: [flag],
  lengths: [flag],
  states: [flag],
  softmax: [flag],
} satisfies Table<OnnxWriteOptions>;

/**
 * Writes a net as an ONNX model with operators of version 17, for onnxruntime and other ONNX runtimes. The model
 * computes the outputs of a session's `forward`.
 *
 * The input is `x`: int64 tokens `[T, B]`, or floats `[T, B, input]`. The first output is `output`: `[T, B, output]`,
 * or `[B, output]` when the net has one output row for a sequence. T and B are free. Behind the length of a row, the
 * output of a session is zero, the output of the model is what the layers compute of the padding.
 *
 * Every layer of the library can be written except encoder-decoders; every cell except attention. A cell of
 * `defineCell` becomes a `Scan` whose body is its equations. An LSTM with projection becomes an LSTM without and a
 * matrix product. Dropout layers are left out.
 *
 * @param parameters By name, as from a session's `parameters()` or from a safetensors file.
 * @throws {OptionError} When a layer is a custom layer without a description, or ONNX has no operators that compute the
 * same; the message names the layer.
 * @throws {ShapeError} When names or shapes of the parameters differ from those of the net; the message lists all
 * differences.
 *
 * @example
 * ```ts
 * import { compile, dense, embedding, gru, recurrent, sequential } from "@unroll/rnn";
 * import { OnnxModel, writeOnnx } from "@unroll/rnn/onnx";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const net = sequential({
 *   embedding: embedding(10, 4),
 *   rnn: recurrent(gru(), { input: 4, hidden: 8, output: "last" }),
 *   decoder: dense(8, 2),
 * });
 * const session = await compile(net, { batch: 1, steps: 3 });
 * const bytes = writeOnnx(net, session.parameters()); // for onnxruntime, or here:
 * const model = OnnxModel.load(bytes);
 * const { output } = await model.run({ x: { shape: [3, 1], data: [7, 1, 4] } });
 * assertAlmostEquals(output.data[0], session.forward([7, 1, 4])[0], 1e-6);
 * session.dispose();
 * model.dispose();
 * ```
 */
export function writeOnnx(net: Layer, parameters: Tensors, options: OnnxWriteOptions = {}): Uint8Array<ArrayBuffer> {
  readOptions("writeOnnx", WRITE, options);
  const { batchFirst = false, states = false } = options;
  const tensors = requireParameters(net, parameters);
  const graph = new GraphWriter();
  const tokens = net.input.kind === "tokens";
  const time = batchFirst ? ["B", "T"] : ["T", "B"];
  const x = tokens ? graph.input("x", "int64", time) : graph.input("x", "float", [...time, net.input.width]);
  const lengths = options.lengths ? graph.input("lengths", "int32", ["B"]) : undefined;
  const batchAxis = batchFirst ? 0 : 1;
  const extents = lazy(() => graph.node("Shape", [x]));
  const steps = lazy(() => graph.node("Gather", [extents(), graph.integers(1 - batchAxis)]));
  const context: ExportContext = {
    graph,
    parameters: tensors,
    lengths,
    states,
    batch: lazy(() => graph.node("Gather", [extents(), graph.integers([batchAxis])])),
    mask: lazy(() => lengths && mask(graph, lengths, steps())),
  };
  const timeMajor = batchFirst ? graph.node("Transpose", [x], { perm: tokens ? [1, 0] : [1, 0, 2] }) : x;
  const input: ExportValue = { name: timeMajor, width: net.input.width, steps: "each" };
  const output = layerNodes(context, net.description, "", "net", input);

  const { parts = 1, width } = net.output;
  const perStep = output.steps === "each";
  const shape = [...(parts === 1 ? [] : [parts]), ...(perStep ? time : ["B"]), width / parts];
  const perm = parts === 1 ? [1, 0, 2] : [0, 2, 1, 3];
  const ordered = batchFirst && perStep ? graph.node("Transpose", [output.name], { perm }) : output.name;
  const y = options.softmax ? graph.node("Softmax", [ordered], { axis: -1 }) : ordered;
  graph.output("output", y, shape, { first: true });
  return graph.finish("net");
}

/** Whether step t lies within the length of a row, bool `[T, B, 1]`. */
function mask(graph: GraphWriter, lengths: string, steps: string): string {
  const numbers = graph.node("Range", [graph.integers(0), steps, graph.integers(1)]);
  const column = graph.node("Unsqueeze", [numbers, graph.integers([1])]);
  const within = graph.node("Less", [column, graph.node("Cast", [lengths], { to: 7 })]);
  return graph.node("Unsqueeze", [within, graph.integers([2])]);
}

/** Calls `write` on the first call, and returns that result from then on. */
function lazy<A>(write: () => A): () => A {
  let result: { value: A } | undefined;
  return () => (result ??= { value: write() }).value;
}
