/** Models of single nodes and exports of PyTorch, compared with onnxruntime (see make_models.py). */
import { assertEquals } from "@std/assert";
import { OnnxModel } from "../../onnx.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { MODELS } from "../support/onnx/models.ts";

/** Functions of onnxruntime have errors of some 1e-7, which steps and sums add up. */
const TOLERANCE = { atol: 3e-6, rtol: 3e-6 };

for (const { name, bytes, sets } of MODELS) {
  Deno.test(`the outputs are those of onnxruntime: ${name}`, async () => {
    using model = OnnxModel.load(bytes, { numerics: "exact" });
    for (const { inputs, outputs } of sets) {
      const got = await model.run(inputs);
      assertEquals(Object.keys(got), Object.keys(outputs));
      for (const [name, { shape, data }] of Object.entries(outputs)) {
        assertEquals(got[name].shape, shape);
        assertClose(got[name].data, data as Float32Array, TOLERANCE, name);
      }
    }
  });
}
