/** The models of models.json (see make_models.py). */
import type { OnnxInput } from "../../onnx.ts";
import packed from "./models.json" with { type: "json" };

interface Packed {
  type: string;
  shape: number[];
  data: string;
}

/** A tensor of models.json. */
function unpack({ type, shape, data }: Packed): OnnxInput {
  const { buffer } = Uint8Array.fromBase64(data);
  if (type === "float32") return { shape, data: new Float32Array(buffer) };
  return { shape, data: type === "int64" ? new BigInt64Array(buffer) : new Int32Array(buffer) };
}

/** A model, and what onnxruntime makes of inputs. */
export interface ModelCase {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sets: readonly { inputs: Record<string, OnnxInput>; outputs: Record<string, OnnxInput> }[];
}

export const MODELS: readonly ModelCase[] = (packed as unknown as PackedCase[]).map(({ name, model, sets }) => {
  const all = (tensors: Record<string, Packed>) =>
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
  sets: { inputs: Record<string, Packed>; outputs: Record<string, Packed> }[];
}
