/**
 * Nets with int8 weights: a quarter of the bytes, and several times as many weights a second. `quantize` makes them of
 * trained nets, `model.quantize()` of trained models.
 *
 * @module
 */
export type { Int8Build, Int8Tensors, KernelBuild } from "./src/kernels/load.ts";
export { int8 } from "./src/kernels/load_int8.ts";
export { quantize } from "./src/runtime/quantize.ts";
export type { QuantizedNet, QuantizeOptions } from "./src/runtime/quantize.ts";
