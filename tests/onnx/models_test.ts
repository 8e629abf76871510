/** Models of single nodes, and PyTorch's exports, against onnxruntime (see make_models.py). */
import { assertEquals } from "@std/assert";
import { type OnnxInput, OnnxModel } from "../../onnx.ts";
import { assertClose } from "../fixtures/read_cases.ts";
import cases from "./models.json" with { type: "json" };

/** onnxruntime's functions are good to a few units of 1e-7, and steps and sums add up their errors. */
const TOLERANCE = { atol: 3e-6, rtol: 3e-6 };

interface Packed {
  type: string;
  shape: number[];
  data: string;
}

/** A tensor of models.json. */
export function unpack({ type, shape, data }: Packed): OnnxInput {
  const { buffer } = Uint8Array.fromBase64(data);
  if (type === "float32") return { shape, data: new Float32Array(buffer) };
  return { shape, data: type === "int64" ? new BigInt64Array(buffer) : new Int32Array(buffer) };
}

for (const { name, model: bytes, sets } of cases as unknown as Case[]) {
  Deno.test(`onnxruntime's ${name}`, async () => {
    using model = OnnxModel.load(Uint8Array.fromBase64(bytes), { numerics: "exact" });
    for (const { inputs, outputs } of sets) {
      const given = Object.entries(inputs).map(([name, tensor]) => [name, unpack(tensor)]);
      const got = await model.run(Object.fromEntries(given));
      assertEquals(Object.keys(got), Object.keys(outputs));
      for (const [name, tensor] of Object.entries(outputs)) {
        const { shape, data } = unpack(tensor);
        assertEquals(got[name].shape, shape);
        assertClose(got[name].data, data as Float32Array, TOLERANCE, name);
      }
    }
  });
}

interface Case {
  name: string;
  model: string;
  sets: { inputs: Record<string, Packed>; outputs: Record<string, Packed> }[];
}
