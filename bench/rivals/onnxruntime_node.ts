/** onnxruntime-node: native code. */
import * as ort from "onnxruntime-node";
import { serve } from "./contender.ts";
import { infer } from "./onnxruntime.ts";

await serve((row) =>
  infer({
    create: (model, options) => ort.InferenceSession.create(model, { ...options, executionProviders: ["cpu"] }),
    tensor: (data, dims) => new ort.Tensor("float32", data, dims),
  }, row)
);
