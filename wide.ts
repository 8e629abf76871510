/**
 * Kernels for engines that join 128-bit operations into 256-bit ones.
 *
 * @module
 */
export type { KernelBuild } from "./src/kernels/load.ts";
export { wide } from "./src/kernels/load_wide.ts";
