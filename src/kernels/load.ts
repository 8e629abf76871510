import type { WasmArena } from "../memory/wasm_arena.ts";
import type { Kernels } from "./kernels.ts";
import plain from "./generated/plain.ts";
import relaxed from "./generated/relaxed.ts";

/**
 * How numbers are computed. `"exact"`: every multiplication and addition is rounded on its own, the same bits on every machine
 * and engine. `"fast"`: fused multiply-adds where the engine has relaxed SIMD, the same bits on one machine.
 */
export type Numerics = "fast" | "exact";

/** The kernels on an arena. `"fast"` falls back to the exact build where the engine does not accept relaxed SIMD. */
export async function loadKernels(numerics: Numerics, arena: WasmArena): Promise<Kernels> {
  const module = numerics === "fast" ? await fastest() : await compiled(plain);
  const instance = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
  const kernels = instance.exports as unknown as Kernels;
  kernels.writeConstants();
  return kernels;
}

/** Whether the engine runs the fused build. */
export async function hasRelaxedSimd(): Promise<boolean> {
  return (await fastest()) !== (await compiled(plain));
}

let chosen: Promise<WebAssembly.Module> | undefined;
function fastest(): Promise<WebAssembly.Module> {
  return chosen ??= inflate(relaxed).then((bytes) =>
    WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : compiled(plain)
  );
}

let exact: Promise<WebAssembly.Module> | undefined;
function compiled(base64: string): Promise<WebAssembly.Module> {
  return exact ??= inflate(base64).then((bytes) => WebAssembly.compile(bytes));
}

async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
