/**
 * Runs ONNX models, converts them to layers that can be trained, and writes nets as ONNX models.
 *
 * @module
 */
export { type OnnxValue } from "./src/onnx/run/graph_node.ts";
export type { ReadLimits } from "./src/formats/limits.ts";
export { type OnnxInput, OnnxModel, type OnnxOptions } from "./src/onnx/onnx_model.ts";
export type { OnnxExternal } from "./src/onnx/format/external.ts";
export type { OnnxNet } from "./src/onnx/import/net.ts";
export type { OnnxElements, OnnxElementType, OnnxTensor } from "./src/onnx/format/tensor.ts";
export { type OnnxWriteOptions, writeOnnx } from "./src/onnx/write_onnx.ts";
export type { Resource } from "./src/resource.ts";
