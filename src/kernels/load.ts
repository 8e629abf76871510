import type { WasmArena } from "../memory/wasm_arena.ts";
import { Builds, instantiate, type KernelOptions, type Numerics } from "./builds.ts";
import { KERNEL_NAMES } from "./access.ts";
import all from "./generated/all.ts";
import type { Kernels } from "./kernels.ts";

export type { KernelBuild, KernelOptions, Numerics } from "./builds.ts";

const builds = /* @__PURE__ */ new Builds(all);

/** Load the kernels on an arena. `"fast"` takes the plain build where the engine does not accept relaxed SIMD. */
export async function loadKernels(numerics: Numerics, arena: WasmArena): Promise<Kernels> {
  return (await loadModule({ numerics }, arena)).kernels;
}

/** Load the kernels on an arena. Returns also their module, for other threads. */
export async function loadModule(
  options: KernelOptions,
  arena: WasmArena,
): Promise<{ kernels: Kernels; module: WebAssembly.Module }> {
  const module = await builds.module(options, arena.shared);
  return { kernels: await instantiate(module, arena, KERNEL_NAMES), module };
}

/** The module of `"fast"`. */
export function fastModule(shared: boolean): Promise<WebAssembly.Module> {
  return builds.fastest(shared);
}

/** Whether the engine accepts relaxed SIMD. */
export async function hasRelaxedSimd(): Promise<boolean> {
  return (await builds.fastest()) !== (await builds.exact());
}
