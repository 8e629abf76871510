/** The rows that need no gradients as ONNX models: onnxruntime's own recurrent operators. */
import onnxProto from "onnx-proto";
import { gatesIn, type Tensor, weights } from "./numbers.ts";
import { GATES, type Row } from "./rows.ts";

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;

/** PyTorch's gates in ONNX's order: r, z, n become z, r, h; i, f, g, o become i, o, f, c. */
const ORDER = { rnn: [0], gru: [1, 0, 2], lstm: [0, 3, 1, 2] };
const OPERATOR = { rnn: "RNN", gru: "GRU", lstm: "LSTM" };

/** States of a layer that a stream feeds back: the name of the input, that of the output. */
export const stateNames = (l: number) => [[`h${l}`, `h${l}_next`], [`c${l}`, `c${l}_next`]] as const;

/** Input `x` [T, B, I], output `y` [T, B, D * H]; a stream also has its states. */
export function onnxModel(row: Row): Uint8Array {
  const { layers, H, B, T, I, bidirectional, task } = row, D = bidirectional ? 2 : 1;
  const inputs = [port("x", [T, B, I])], outputs = [port("y", [T, B, D * H])];
  const initializer = [{ name: "shape", dims: [3], dataType: TensorProto.DataType.INT64, int64Data: [T, B, D * H] }];
  const tensors = weights(row), node = [];
  for (let l = 0; l < layers; l++) {
    const names = [`W${l}`, `R${l}`, `B${l}`], [[h, hNext], [c, cNext]] = stateNames(l);
    operands(row, tensors, l).forEach(({ dims, data }, i) => {
      const raw = new Uint8Array(data.buffer);
      initializer.push({ name: names[i], dims, dataType: TensorProto.DataType.FLOAT, rawData: raw } as never);
    });
    const stream = task === "stream";
    if (stream) {
      inputs.push(port(h, [D, B, H]), port(c, [D, B, H]));
      outputs.push(port(hNext, [D, B, H]), port(cNext, [D, B, H]));
    }
    node.push(
      {
        opType: OPERATOR[row.cell],
        input: [l ? `y${l - 1}` : "x", ...names, ...(stream ? ["", h, c] : [])],
        output: [`directions${l}`, ...(stream ? [hNext, cNext] : [])],
        attribute: attributes(row),
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
  const graph = { name: row.id, node, initializer, input: inputs, output: outputs };
  return ModelProto.encode(ModelProto.fromObject({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph }))
    .finish();
}

function attributes({ cell, H, bidirectional }: Row) {
  const { INT, STRING } = AttributeProto.AttributeType;
  const direction = new TextEncoder().encode(bidirectional ? "bidirectional" : "forward");
  return [
    { name: "hidden_size", type: INT, i: H },
    { name: "direction", type: STRING, s: direction },
    ...(cell === "gru" ? [{ name: "linear_before_reset", type: INT, i: 1 }] : []),
  ];
}

/** W [D, G * H, I], R [D, G * H, H] and B [D, 2 * G * H] of a layer. */
function operands({ cell, H, I, bidirectional }: Row, tensors: Map<string, Tensor>, l: number) {
  const suffixes = bidirectional ? ["", "_reverse"] : [""], D = suffixes.length, rows = GATES[cell] * H;
  const joined = (...names: string[]) => {
    const parts = suffixes.flatMap((suffix) => names.map((name) => tensors.get(`rnn.${name}_l${l}${suffix}`)!));
    const all = parts.map((tensor) => gatesIn(ORDER[cell], tensor));
    const data = new Float32Array(all.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of all) {
      data.set(part, at);
      at += part.length;
    }
    return data;
  };
  return [
    { dims: [D, rows, l ? H : I], data: joined("weight_ih") },
    { dims: [D, rows, H], data: joined("weight_hh") },
    { dims: [D, 2 * rows], data: joined("bias_ih", "bias_hh") },
  ];
}

function port(name: string, dims: number[]) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
  return { name, type: { tensorType: { elemType: TensorProto.DataType.FLOAT, shape } } };
}
