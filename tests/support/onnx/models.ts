/** The models of models.json, which make_models.py writes. */
import type { OnnxInput } from "../../../onnx.ts";
import packed from "../../fixtures/onnx/models.json" with { type: "json" };

/** A tensor as JSON; `data` is base64. */
interface PackedTensor {
  type: string;
  shape: number[];
  data: string;
}

/** Decodes a tensor of models.json. */
function unpack({ type, shape, data }: PackedTensor): OnnxInput {
  const { buffer } = Uint8Array.fromBase64(data);
  if (type === "float32") return { shape, data: new Float32Array(buffer) };
  return { shape, data: type === "int64" ? new BigInt64Array(buffer) : new Int32Array(buffer) };
}

/** A model, and inputs with the outputs of onnxruntime. */
interface ModelCase {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sets: readonly { inputs: Record<string, OnnxInput>; outputs: Record<string, OnnxInput> }[];
}

export const MODELS: readonly ModelCase[] = (packed as unknown as PackedCase[]).map(({ name, model, sets }) => {
  const all = (tensors: Record<string, PackedTensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, unpack(tensor)]));
  return {
    name,
    bytes: Uint8Array.fromBase64(model),
    sets: sets.map(({ inputs, outputs }) => ({ inputs: all(inputs), outputs: all(outputs) })),
  };
});

interface PackedCase {
  name: string;
  model: string;
  sets: { inputs: Record<string, PackedTensor>; outputs: Record<string, PackedTensor> }[];
}
