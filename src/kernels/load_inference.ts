import type { WasmArena } from "../memory/wasm_arena.ts";
import { Builds, instantiate, type KernelOptions } from "./builds.ts";
import inference from "./generated/inference.ts";
import type { Kernels } from "./kernels.ts";

const builds = /* @__PURE__ */ new Builds(inference);

/**
 * Load the kernels of forward passes, those of assembly/index_inference.ts, on an arena. A bundle with these alone is
 * smaller than one with `loadKernels`.
 */
export async function loadInferenceKernels(
  options: KernelOptions,
  arena: WasmArena,
  isInt8: boolean,
): Promise<Kernels> {
  return await instantiate(await builds.modules(options, isInt8), arena);
}
