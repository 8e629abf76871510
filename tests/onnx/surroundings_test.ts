/** Exports of PyTorch with something around the layers: they run, and are layers, with PyTorch's outputs. */
import { assertStringIncludes, assertThrows } from "@std/assert";
import { compile, FormatError } from "../../mod.ts";
import { OnnxModel } from "../../onnx.ts";
import nets from "../fixtures/onnx/nets.json" with { type: "json" };
import { assertClose } from "../support/conformance/read_cases.ts";

const TOLERANCE = { atol: 2e-6, rtol: 2e-6 };

for (const { name, model: text, inputs, y } of nets.cases) {
  Deno.test(`an export of PyTorch has its outputs: ${name}`, async () => {
    using model = OnnxModel.load(Uint8Array.fromBase64(text));
    const expected = Float32Array.from(y);
    const outputs = await model.run(Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i]])));
    assertClose(Object.values(outputs)[0].data, expected, TOLERANCE, "run");
    const { layer, parameters, batchFirst, head } = model.net(), [{ data: x }, lengths] = inputs;
    using session = await compile(layer, { batch: 2, steps: 5, batchFirst });
    session.setParameters(parameters);
    const options = { lengths: lengths?.data }, isLog = head === "logSoftmax";
    const actual = head ? session.probabilities(x, options) : session.forward(x, options);
    assertClose(isLog ? actual.map(Math.log) : actual, expected, TOLERANCE, "net");
  });
}

Deno.test("an LSTM with proj_size, which PyTorch writes wrongly, is refused with what to do instead", () => {
  const { message } = assertThrows(() => OnnxModel.load(Uint8Array.fromBase64(nets.projection)), FormatError);
  assertStringIncludes(message, "writes an LSTM with proj_size as one without");
  assertStringIncludes(message, "readPytorch");
});
