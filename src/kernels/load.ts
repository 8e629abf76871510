import type { WasmArena } from "../memory/wasm_arena.ts";
import { Builds, instantiate } from "./builds.ts";
import all from "./generated/all.ts";
import type { Kernels } from "./kernels.ts";

/**
 * How numbers are computed. `"exact"`: every multiplication and addition is rounded on its own, the same bits on every machine
 * and engine. `"fast"`: fused multiply-adds where the engine has relaxed SIMD, the same bits on one machine.
 */
export type Numerics = "fast" | "exact";

const builds = /* @__PURE__ */ new Builds(all);

/** The kernels on an arena. `"fast"` falls back to the exact build where the engine does not accept relaxed SIMD. */
export async function loadKernels(numerics: Numerics, arena: WasmArena): Promise<Kernels> {
  return (await loadModule(numerics, arena)).kernels;
}

/** The same, and the module that they come from, for other threads. */
export async function loadModule(
  numerics: Numerics,
  arena: WasmArena,
): Promise<{ kernels: Kernels; module: WebAssembly.Module }> {
  const module = await (numerics === "fast" ? builds.fastest(arena.shared) : builds.exact(arena.shared));
  return { kernels: await instantiate(module, arena), module };
}

/** Whether the engine runs the fused build. */
export async function hasRelaxedSimd(): Promise<boolean> {
  return (await builds.fastest()) !== (await builds.exact());
}
