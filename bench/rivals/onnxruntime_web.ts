/** onnxruntime-web: its WebAssembly build on one thread. */
import * as ort from "onnxruntime-web/wasm";
import { serve } from "./contender.ts";
import { infer } from "./onnxruntime.ts";

ort.env.wasm.numThreads = 1;

await serve((row) =>
  infer({
    create: (model, options) => ort.InferenceSession.create(model, { ...options, executionProviders: ["wasm"] }),
    tensor: (data, dims) => new ort.Tensor("float32", data, dims),
  }, row)
);
