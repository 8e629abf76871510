import type { Layer } from "../layers/layer.ts";
import { requireTensors, type Tensors } from "../runtime/state_dict.ts";
import type { Writing } from "./writing/flow.ts";
import { GraphWriter } from "./writing/graph_writer.ts";
import { layerNodes } from "./writing/layers.ts";
import { sizeOf } from "./tensor.ts";

/** Options of `writeOnnx`. */
export interface OnnxWriteOptions {
  /** Whether `x` and `output` are `[B, T, ...]` instead of `[T, B, ...]`, as in `compile`. Default false. */
  batchFirst?: boolean;
  /** Whether the model has an input `lengths`, int32 `[B]`: steps of each row. Default false: all rows are as long as T. */
  lengths?: boolean;
  /**
   * Whether initial states are inputs, `[B, H]` each under the names of `session.states()` (`rnn.h_l0`), and the states
   * after each row's last step outputs, `_n` behind their names. Default false: zeros, or what was learned.
   */
  states?: boolean;
  /** Whether the output is the softmax of what the net gives, over the last dimension. Default false. */
  softmax?: boolean;
}

/**
 * Write a net as an ONNX model (operators of version 17), for onnxruntime and whatever else reads such: the same outputs as a
 * session's `forward`. Any T and B; the input is `x`, tokens as int64 `[T, B]` or values `[T, B, input]`, the first
 * output `output`, `[T, B, output]`, or `[B, output]` where the net gives one row for a sequence. Behind a row's length
 * a session's outputs are zeros, the model's whatever the layers make of padding.
 *
 * All layers of the library can be written but encoder-decoders, with all cells but `notesLstm` and attention. An LSTM
 * with a projection becomes one without and a product behind it; dropout becomes nothing.
 *
 * @param parameters By name, as a session's `parameters()` or a safetensors file has them.
 * @throws {OptionError} When a layer has no description, being one of your own, or there is nothing in ONNX that computes the same;
 * the layer is named.
 * @throws {ShapeError} When names or shapes of the parameters differ from those of the net; all differences are listed.
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
 * using session = await compile(net, { batch: 1, steps: 3 });
 * const bytes = writeOnnx(net, session.parameters()); // for onnxruntime, or here:
 * using model = OnnxModel.load(bytes);
 * const { output } = await model.run({ x: { shape: [3, 1], data: [7, 1, 4] } });
 * assertAlmostEquals(output.data[0], session.forward([7, 1, 4])[0], 1e-6);
 * ```
 */
export function writeOnnx(net: Layer, parameters: Tensors, options: OnnxWriteOptions = {}): Uint8Array<ArrayBuffer> {
  const { batchFirst = false, states = false } = options, graph = new GraphWriter();
  const ties = Object.entries(net.tied ?? {});
  const wanted = Object.entries(net.parameters).map(([name, { shape }]) => {
    const aliases = ties.filter(([, other]) => other === name).map(([alias]) => alias);
    return { name, aliases, shape, size: sizeOf(shape) };
  });
  const { fitting } = requireTensors("parameter", wanted, parameters);
  const tokens = net.input.kind === "tokens", time = batchFirst ? ["B", "T"] : ["T", "B"];
  const x = tokens ? graph.input("x", "int64", time) : graph.input("x", "float", [...time, net.input.width]);
  const lengths = options.lengths ? graph.input("lengths", "int32", ["B"]) : undefined;
  const extents = once(() => graph.node("Shape", [x])), batchAxis = batchFirst ? 0 : 1;
  const steps = once(() => graph.node("Gather", [extents(), graph.integers(1 - batchAxis)]));
  const writing: Writing = {
    graph,
    parameters: new Map(
      [...fitting, ...ties.map(([alias, name]) => [alias, fitting.get(name)!] as const)].map((
        [name, { shape, data }],
      ) => [name, { shape, data: Float32Array.from(data, Number) }]),
    ),
    lengths,
    states,
    batch: once(() => graph.node("Gather", [extents(), graph.integers([batchAxis])])),
    mask: once(() => lengths && mask(graph, lengths, steps())),
  };
  const timeMajor = batchFirst ? graph.node("Transpose", [x], { perm: tokens ? [1, 0] : [1, 0, 2] }) : x;
  const rows = { value: timeMajor, width: net.input.width, once: false };
  const { value, once: last } = layerNodes(writing, net.description, "", "net", rows);

  const { parts = 1, width } = net.output, outer = parts === 1 ? [] : [parts];
  const shape = [...outer, ...(last ? ["B"] : time), width / parts];
  const perm = parts === 1 ? [1, 0, 2] : [0, 2, 1, 3];
  const turned = batchFirst && !last ? graph.node("Transpose", [value], { perm }) : value;
  const y = options.softmax ? graph.node("Softmax", [turned], { axis: -1 }) : turned;
  graph.output("output", y, shape, { first: true });
  return graph.finish("net");
}

/** Whether step t of a row is within its length, `[T, B, 1]`. */
function mask(graph: GraphWriter, lengths: string, steps: string): string {
  const numbers = graph.node("Range", [graph.integers(0), steps, graph.integers(1)]);
  const column = graph.node("Unsqueeze", [numbers, graph.integers([1])]);
  const within = graph.node("Less", [column, graph.node("Cast", [lengths], { to: 7 })]);
  return graph.node("Unsqueeze", [within, graph.integers([2])]);
}

/** What is written when it is first asked for, and only then. */
function once<A>(write: () => A): () => A {
  let written: { value: A } | undefined;
  return () => (written ??= { value: write() }).value;
}
