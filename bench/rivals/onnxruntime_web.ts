/** onnxruntime-web: its WebAssembly build. */
import * as ort from "onnxruntime-web/wasm";
import { serve } from "./contender.ts";
import { infer } from "./onnxruntime.ts";

await serve((row) => {
  ort.env.wasm.numThreads = row.threads;
  return infer({
    create: (model, options) => ort.InferenceSession.create(model, { ...options, executionProviders: ["wasm"] }),
    tensor: (data, dims) => new ort.Tensor("float32", data, dims),
  }, row);
});
