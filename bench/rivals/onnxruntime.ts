/**
 * onnxruntime's own recurrent operators, for inference. The second argument selects the package: "node" (native code)
 * or "web" (WebAssembly).
 */
import onnxProto from "onnx-proto";
import type * as Runtime from "onnxruntime-web/wasm";
import { input, reorderGates, sample, type Tensor, weights } from "./numbers.ts";
import { Missing, serve, type Work } from "./protocol.ts";
import { GATES, type Workload } from "./workloads.ts";

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;

/** PyTorch's gates in ONNX's order: r, z, n become z, r, h; i, f, g, o become i, o, f, c. */
const ORDER = { rnn: [0], gru: [1, 0, 2], lstm: [0, 3, 1, 2] };
const OPERATOR = { rnn: "RNN", gru: "GRU", lstm: "LSTM" };

/** Run a workload. A stream passes its final states, as tensors, to the next call. */
async function infer(workload: Workload, ort: typeof Runtime, provider: string): Promise<Work> {
  const { task, threads, layers, T, B, I, H } = workload;
  if (task === "train" || task === "gradients") throw new Missing("no gradients: inference only");
  const session = await ort.InferenceSession.create(onnxModel(workload), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    executionProviders: [provider],
  });
  const feeds: Record<string, Runtime.Tensor> = { x: new ort.Tensor("float32", input(workload), [T, B, I]) };
  const states = task === "stream" ? Array.from({ length: layers }, (_, l) => stateNames(l)).flat() : [];
  for (const [name] of states) feeds[name] = new ort.Tensor("float32", new Float32Array(B * H), [1, B, H]);

  async function run(): Promise<Float32Array> {
    const results = await session.run(feeds);
    for (const [name, next] of states) feeds[name] = results[next] as Runtime.Tensor;
    return (results.y as Runtime.TypedTensor<"float32">).data;
  }
  async function outcome(): Promise<number[]> {
    if (states.length) { for (let t = 0; t < 2; t++) await run(); }
    return sample(await run());
  }
  return { run, outcome };
}

/** States that a stream feeds back: the name of the input, and the name of the output. */
function stateNames(l: number) {
  return [[`h${l}`, `h${l}_next`], [`c${l}`, `c${l}_next`]] as const;
}

/** A workload as ONNX model: input `x` [T, B, I], output `y` [T, B, D * H], and the states of a stream. */
function onnxModel(workload: Workload): Uint8Array {
  const { layers, H, B, T, I, bidirectional, task } = workload;
  const D = bidirectional ? 2 : 1;
  const inputs = [valueInfo("x", [T, B, I])];
  const outputs = [valueInfo("y", [T, B, D * H])];
  const initializer = [{ name: "shape", dims: [3], dataType: TensorProto.DataType.INT64, int64Data: [T, B, D * H] }];
  const tensors = weights(workload), node = [];
  for (let l = 0; l < layers; l++) {
    const names = [`W${l}`, `R${l}`, `B${l}`];
    const [[h, hNext], [c, cNext]] = stateNames(l);
    operands(workload, tensors, l).forEach(({ dims, data }, i) => {
      const raw = new Uint8Array(data.buffer);
      initializer.push({ name: names[i], dims, dataType: TensorProto.DataType.FLOAT, rawData: raw } as never);
    });
    const stream = task === "stream";
    if (stream) {
      inputs.push(valueInfo(h, [D, B, H]), valueInfo(c, [D, B, H]));
      outputs.push(valueInfo(hNext, [D, B, H]), valueInfo(cNext, [D, B, H]));
    }
    node.push(
      {
        opType: OPERATOR[workload.cell],
        input: [l ? `y${l - 1}` : "x", ...names, ...(stream ? ["", h, c] : [])],
        output: [`directions${l}`, ...(stream ? [hNext, cNext] : [])],
        attribute: attributes(workload),
      },
      // [T, D, B, H] to [T, B, D * H].
      {
        opType: "Transpose",
        input: [`directions${l}`],
        output: [`rows${l}`],
        attribute: [{ name: "perm", type: AttributeProto.AttributeType.INTS, ints: [0, 2, 1, 3] }],
      },
      { opType: "Reshape", input: [`rows${l}`, "shape"], output: [l + 1 < layers ? `y${l}` : "y"] },
    );
  }
  const graph = { name: workload.id, node, initializer, input: inputs, output: outputs };
  const model = { irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph };
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

function attributes({ cell, H, bidirectional }: Workload) {
  const { INT, STRING } = AttributeProto.AttributeType;
  const direction = new TextEncoder().encode(bidirectional ? "bidirectional" : "forward");
  return [
    { name: "hidden_size", type: INT, i: H },
    { name: "direction", type: STRING, s: direction },
    ...(cell === "gru" ? [{ name: "linear_before_reset", type: INT, i: 1 }] : []),
  ];
}

/** W [D, G * H, I], R [D, G * H, H] and B [D, 2 * G * H] of a layer. */
function operands({ cell, H, I, bidirectional }: Workload, tensors: Map<string, Tensor>, l: number) {
  const suffixes = bidirectional ? ["", "_reverse"] : [""];
  const D = suffixes.length;
  const rows = GATES[cell] * H;
  const concatenate = (...names: string[]) => {
    const parts = suffixes.flatMap((suffix) => names.map((name) => tensors.get(`rnn.${name}_l${l}${suffix}`)!));
    const all = parts.map((tensor) => reorderGates(ORDER[cell], tensor));
    const data = new Float32Array(all.reduce((size, part) => size + part.length, 0));
    let offset = 0;
    for (const part of all) {
      data.set(part, offset);
      offset += part.length;
    }
    return data;
  };
  return [
    { dims: [D, rows, l ? H : I], data: concatenate("weight_ih") },
    { dims: [D, rows, H], data: concatenate("weight_hh") },
    { dims: [D, 2 * rows], data: concatenate("bias_ih", "bias_hh") },
  ];
}

function valueInfo(name: string, dims: number[]) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
  return { name, type: { tensorType: { elemType: TensorProto.DataType.FLOAT, shape } } };
}

if (Deno.args[1] === "web") {
  const ort = await import("onnxruntime-web/wasm");
  await serve((workload) => {
    ort.env.wasm.numThreads = workload.threads;
    return infer(workload, ort, "wasm");
  });
} else {
  // Both packages have the interface of onnxruntime-common.
  const ort = await import("onnxruntime-node") as unknown as typeof Runtime;
  await serve((workload) => infer(workload, ort, "cpu"));
}
