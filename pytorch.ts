/**
 * Reads the tensors of files of PyTorch: state dicts and checkpoints, without running anything in them.
 *
 * @module
 */
export type { Elements, ElementType } from "./src/formats/elements.ts";
export type { ReadLimits } from "./src/formats/limits.ts";
export { readPytorch, type ReadPytorchOptions } from "./src/formats/pytorch/read_pytorch.ts";
export type { Tensor } from "./src/formats/safetensors.ts";
