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
  return (await loadModule(numerics, arena)).kernels;
}

/** The same, and the module that they come from, for other threads. */
export async function loadModule(
  numerics: Numerics,
  arena: WasmArena,
): Promise<{ kernels: Kernels; module: WebAssembly.Module }> {
  const module = await (numerics === "fast" ? fastest(arena.shared) : exact(arena.shared));
  const instance = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
  const kernels = instance.exports as unknown as Kernels;
  kernels.writeConstants();
  return { kernels, module };
}

/** Whether the engine runs the fused build. */
export async function hasRelaxedSimd(): Promise<boolean> {
  return (await fastest(false)) !== (await exact(false));
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

function exact(shared: boolean): Promise<WebAssembly.Module> {
  return once(`plain, ${shared}`, async () => WebAssembly.compile(declared(await inflate(plain), shared)));
}

function fastest(shared: boolean): Promise<WebAssembly.Module> {
  return once(`relaxed, ${shared}`, async () => {
    const bytes = declared(await inflate(relaxed), shared);
    return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : exact(shared);
  });
}

function once(name: string, compile: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  const module = modules.get(name) ?? compile();
  modules.set(name, module);
  return module;
}

/** The module, saying that its memory is shared if it is: the flags of its import "env" "memory" become 3. */
function declared(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  const name = [..."\x03env\x06memory\x02\x01"].map((c) => c.charCodeAt(0));
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte));
  if (shared) bytes[at + name.length - 1] = 3;
  return bytes;
}

async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
