/**
 * ONNX models: run, made layers that can be trained, and written.
 *
 * @module
 */
export type { OnnxValue } from "./src/onnx/graph.ts";
export { type OnnxInput, OnnxModel, type OnnxOptions } from "./src/onnx/model.ts";
export type { OnnxNet } from "./src/onnx/net.ts";
export type { Elements, ElementType, OnnxTensor } from "./src/onnx/tensor.ts";
export { type OnnxWriteOptions, writeOnnx } from "./src/onnx/write.ts";
