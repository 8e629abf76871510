import { OnnxModel } from "../../../onnx.ts";
import { decode } from "../../../src/onnx/format/protobuf.ts";
import { TENSOR, type TensorMessage } from "../../../src/onnx/format/schema.ts";
import { type OnnxTensor, readTensor } from "../../../src/onnx/format/tensor.ts";
import type { Kind, Result } from "./kind.ts";

/** Models with their inputs and outputs, in folders as those of ONNX's backend tests. */
export const onnxModel: Kind = {
  missing: () => undefined,

  async run(test, arithmetic) {
    if (arithmetic === "f64") throw new Error("An ONNX model runs on the kernels");
    using model = OnnxModel.load(test.bytes("model.onnx")!, { numerics: arithmetic });
    const results: Result[] = [];
    for (let set = 0; test.bytes(`test_data_set_${set}/output_0.pb`); set++) {
      const read = (file: string): OnnxTensor => {
        const bytes = test.bytes(`test_data_set_${set}/${file}.pb`)!;
        return readTensor(file, decode(TENSOR, bytes) as unknown as TensorMessage);
      };
      const outputs = await model.run(
        Object.fromEntries(model.inputs.map(({ name }, i) => [name, read(`input_${i}`)])),
      );
      model.outputs.forEach(({ name }, i) => {
        const { shape, data } = read(`output_${i}`), got = outputs[name], what = `${name} of set ${set}`;
        const result = { arithmetic, tolerance: test.tolerance };
        results.push({ ...result, name: what, got: got.data, want: data });
        results.push({ ...result, name: `shape of ${what}`, got: got.shape, want: shape });
      });
    }
    return results;
  },
};
