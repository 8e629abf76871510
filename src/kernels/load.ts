import type { WasmArena } from "../memory/wasm_arena.ts";
import { Builds, instantiate, int8Of, type KernelOptions, type Numerics } from "./builds.ts";
import { KERNEL_NAMES } from "./access.ts";
import all from "./generated/all.ts";
import type { Kernels } from "./kernels.ts";

export type { Int8Build, Int8Tensors, KernelBuild, KernelOptions, Numerics } from "./builds.ts";

const builds = /* @__PURE__ */ new Builds(all);

/** Load the kernels on an arena. `"fast"` takes the plain build where the engine does not accept relaxed SIMD. */
export async function loadKernels(numerics: Numerics, arena: WasmArena): Promise<Kernels> {
  return (await loadModules({ numerics }, arena, int8Of({ numerics }) !== undefined)).kernels;
}

/**
 * Load the kernels on an arena. Returns also their modules, for other threads.
 *
 * @param isInt8 Whether the net has int8 weights.
 */
export async function loadModules(
  options: KernelOptions,
  arena: WasmArena,
  isInt8: boolean,
): Promise<{ kernels: Kernels; modules: readonly WebAssembly.Module[] }> {
  const modules = await builds.modules(options, isInt8, arena.shared);
  return { kernels: await instantiate(modules, arena, KERNEL_NAMES), modules };
}

/** The module of `"fast"`. */
export function fastModule(shared: boolean): Promise<WebAssembly.Module> {
  return builds.fastest(shared);
}

/** Whether the engine accepts relaxed SIMD. */
export async function hasRelaxedSimd(): Promise<boolean> {
  return (await builds.fastest()) !== (await builds.exact());
}
