/**
 * Reads arrays of files of NumPy: `.npy` and `.npz`.
 *
 * @module
 */
export type { Elements, ElementType } from "./src/formats/elements.ts";
export type { ReadLimits } from "./src/formats/limits.ts";
export { readNpy, type ReadNumpyOptions } from "./src/formats/numpy/npy.ts";
export { readNpz } from "./src/formats/numpy/npz.ts";
export type { Tensor } from "./src/formats/safetensors.ts";
